import { expect, it } from 'vitest';
import type { Candidate } from '../../../src/core/candidate.ts';
import { rememberPerCandidate, rememberPerKey } from '../../../src/search/study/keys.ts';

it('works a key out once per candidate', () => {
  const seen: Candidate[] = [];
  const keyOf = rememberPerCandidate((candidate) => `${seen.push(candidate)}`);
  const [a, b] = [{ x: 1 }, { x: 1 }];
  expect([keyOf(a), keyOf(a), keyOf(b), keyOf(a)]).toEqual(['1', '1', '2', '1']);
  expect(seen).toEqual([a, b]);
});

it('works a value out once per key', () => {
  const seen: Candidate[] = [];
  const remembered = rememberPerKey(
    ({ x }) => `${Number(x) % 2}`,
    (candidate) => (seen.push(candidate) > 1 ? undefined : 'first'),
  );
  expect([{ x: 1 }, { x: 3 }, { x: 2 }, { x: 4 }].map(remembered)).toEqual(['first', 'first', undefined, undefined]);
  expect(seen).toHaveLength(2);
});
