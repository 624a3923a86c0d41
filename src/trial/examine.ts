import { createRng } from '../core/rng.ts';
import type { Effect } from '../network/compress/technique.ts';
import { evaluate } from '../network/engine/evaluate.ts';
import { sampleOf } from '../network/engine/findings.ts';
import type { Graph } from '../network/ir/graph.ts';
import { exportGraph } from './export-graph.ts';
import type { TrialHooks } from './protocol.ts';
import type { SharedTrialData } from './shared.ts';

/** Training images that first aid looks at. */
export const images = 512;

/** A network and how it does. */
export interface Examined extends Effect {
  readonly graph: Graph;
}

export const effectOf = ({ accuracy, loss }: Effect): Effect => ({ accuracy, loss });

/** How a network does as a file, on training images as they are. */
export function examiner({ dataset }: SharedTrialData, hooks: TrialHooks): (graph: Graph) => Promise<Examined> {
  const { train: split, shape, normalization } = dataset;
  const sample = sampleOf({ split, shape, normalization }, images, createRng('first aid'));
  return async (graph) => {
    const { accuracy, loss } = await evaluate(exportGraph(graph, dataset), dataset, sample.split, hooks);
    return { graph, accuracy, loss };
  };
}

/** A layer and what the plan costs there alone. */
export interface Blame {
  readonly layer: string;
  readonly lostAccuracy: number;
  readonly addedLoss: number;
}
