import { benchProblems } from '../../src/cli/bench/problems.ts';
import { pick } from '../../src/core/errors.ts';
import type { Problem } from '../../src/search/bench/problem.ts';

/** A problem, begun from nothing or from its anchors. */
export interface Start {
  readonly problem: Problem;
  readonly anchors: boolean;
}

export function startsOf(names: readonly string[] | undefined): Start[] {
  const definitions = names?.map((name) => pick('problem', benchProblems, name)) ?? benchProblems;
  return definitions.flatMap((definition) => {
    const problem = definition.create();
    return problem.anchors.length > 0 ? [false, true].map((anchors) => ({ problem, anchors })) : [{ problem, anchors: false }];
  });
}

export const startName = ({ problem, anchors }: Start): string =>
  problem.anchors.length === 0 ? problem.name : `${problem.name}, ${anchors ? 'from anchors' : 'without anchors'}`;
