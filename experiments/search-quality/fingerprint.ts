import { createHash } from 'node:crypto';
import { type Json, stableStringify } from '../../src/core/json.ts';
import { createRng } from '../../src/core/rng.ts';
import type { Problem } from '../../src/search/bench/problem.ts';
import { sample } from '../../src/search/space/sample.ts';

/** Changes when the problem does: results of peers are kept under it. */
export function fingerprint(problem: Problem): string {
  const rng = createRng('fingerprint');
  const samples = Array.from({ length: 5 }, () => problem.measure(sample(problem.space, rng)));
  const { space, goal, anchors } = problem;
  const text = stableStringify({ space, goal, anchors, samples } as unknown as Json);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
