import { bodiesOf } from './bodies.ts';
import type { Graph } from './graph.ts';

/** A way through a network that decides per image which parts of it run. A network that does not decide has one. */
export interface Way {
  /** By the name of the decision, whether its first branch ran; absent where the way does not come to it. */
  readonly decisions: Readonly<Record<string, boolean>>;
  /** Multiply-accumulates of one image. */
  readonly macs: number;
  /** Numbers of the images in their split, ascending. */
  readonly images: readonly number[];
}

/** Names of the nodes that choose a branch, in the order in which they stand. */
export const decisionsOf = ({ nodes }: Graph): readonly string[] =>
  nodes.flatMap((node) => {
    const bodies = bodiesOf(node);
    return bodies.length === 0 ? [] : [node.name, ...bodies.flatMap(decisionsOf)];
  });

/** Multiply-accumulates of one image on average. */
export function expectedMacs(ways: readonly Way[]): number {
  const count = ways.reduce((sum, { images }) => sum + images.length, 0);
  return ways.reduce((sum, way) => sum + (way.macs * way.images.length) / count, 0);
}

/** What a decision came to over all images: how many of them came to it, and of how many its first branch ran, as shares of all. */
export interface DecisionRate {
  readonly name: string;
  readonly reached: number;
  readonly taken: number;
}

export function decisionRates(graph: Graph, ways: readonly Way[]): readonly DecisionRate[] {
  const count = ways.reduce((sum, { images }) => sum + images.length, 0);
  const share = (of: (way: Way) => boolean) => ways.reduce((sum, way) => sum + (of(way) ? way.images.length : 0), 0) / count;
  return decisionsOf(graph).map((name) => ({
    name,
    reached: share(({ decisions }) => decisions[name] !== undefined),
    taken: share(({ decisions }) => decisions[name] === true),
  }));
}
