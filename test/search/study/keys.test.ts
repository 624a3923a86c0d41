import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../src/core/candidate.ts';
import { keyFunctionOf, rememberLatest, rememberPerCandidate, rememberPerKey } from '../../../src/search/study/keys.ts';

it('works a key out once per candidate', () => {
  const seen: Candidate[] = [];
  const keyOf = rememberPerCandidate((candidate) => `${seen.push(candidate)}`);
  const [a, b] = [{ x: 1 }, { x: 1 }];
  expect([keyOf(a), keyOf(a), keyOf(b), keyOf(a)]).toEqual(['1', '1', '2', '1']);
  expect(seen).toEqual([a, b]);
});

it('knows the latest answer, and only that', () => {
  let count = 0;
  const numbered = rememberLatest((name: string | undefined) => `${name} ${++count}`);
  expect(['a', 'a', 'b', 'b', 'a', undefined, undefined].map((name) => numbered(name))).toEqual([
    'a 1',
    'a 1',
    'b 2',
    'b 2',
    'a 3',
    'undefined 4',
    'undefined 4',
  ]);
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

describe('keys that a log has', () => {
  const meaning = ({ x }: Candidate) => `{"x":${Number(x)}}`;
  const fresh = keyFunctionOf(meaning);
  const trials = Array.from({ length: 100 }, (_, x) => ({ candidate: { x, y: 'a' }, key: fresh({ x }) }));

  function counted() {
    const seen: Candidate[] = [];
    const keyOf = keyFunctionOf((candidate) => {
      seen.push(candidate);
      return meaning(candidate);
    });
    return { seen, keyOf };
  }

  it('are not worked out again, but for a few', () => {
    const { seen, keyOf } = counted();
    keyOf.recall(trials);
    expect(seen.length).toBeLessThan(20);
    const before = seen.length;
    expect(trials.map(({ candidate }) => keyOf({ ...candidate }))).toEqual(trials.map(({ key }) => key));
    expect(seen.length).toBe(before);
    expect(keyOf({ x: 1000 })).toBe(fresh({ x: 1000 }));
  });

  it('are not believed where an older version named networks in another way', () => {
    const { keyOf } = counted();
    keyOf.recall(trials.map(({ candidate }) => ({ candidate, key: 'old' })));
    expect(keyOf({ x: 3, y: 'a' })).toBe(fresh({ x: 3 }));
  });

  it('are the same where an older version recorded the meaning itself', () => {
    expect(fresh.recorded(meaning({ x: 3 }))).toBe(fresh({ x: 3 }));
    expect(fresh.recorded(fresh({ x: 3 }))).toBe(fresh({ x: 3 }));
  });
});
