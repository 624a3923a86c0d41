import { expect, it } from 'vitest';
import type { Candidate } from '../../../src/core/candidate.ts';
import { rememberKeys } from '../../../src/search/study/keys.ts';

it('works a key out once per candidate', () => {
  const seen: Candidate[] = [];
  const keyOf = rememberKeys((candidate) => `${seen.push(candidate)}`);
  const [a, b] = [{ x: 1 }, { x: 1 }];
  expect([keyOf(a), keyOf(a), keyOf(b), keyOf(a)]).toEqual(['1', '1', '2', '1']);
  expect(seen).toEqual([a, b]);
});
