import type { RungRequest } from '../core/executor.ts';
import type { DoneOutcome } from '../core/trial.ts';
import { type TrainOptions, type TrainResult, train } from '../network/engine/train.ts';
import { loadCheckpoint, saveCheckpoint } from './checkpoints.ts';

/**
 * Trains up to one rung, from the checkpoint of the rung before where there is one. The learning rate's schedule begins
 * again after every rung: at each of them the network is cooled down, so that what is measured there is a model that could
 * be shipped, and trials can be compared at the same rung. (A cosine over the whole training would be cut off near its
 * highest rate, and a cooled copy at every rung would cost epochs of its own.) The rungs, with the restarts that they mean,
 * belong to the trial: the one rung [1] is the plain training, bit by bit. `run`: what trains.
 */
export async function trainToRung(
  options: TrainOptions,
  { index, ends, from }: RungRequest,
  folder: string,
  run: (options: TrainOptions) => Promise<TrainResult> = train,
): Promise<TrainResult & { readonly reached: Pick<DoneOutcome, 'rung' | 'notes'> }> {
  const { epochs } = options.recipe;
  const fidelity = ends[index]!;
  const restarts = ends.map((end) => end * epochs);
  const checkpoint = from && (await loadCheckpoint(folder, from));
  const lost = from !== undefined && checkpoint === undefined;
  const rung = { ...options, restarts, untilEpoch: fidelity * epochs };
  const result = await run(checkpoint ? { ...rung, from: checkpoint } : rung);
  const saved = result.checkpoint && (await saveCheckpoint(folder, result.checkpoint));
  // Short trainings can reach their last step at an earlier rung.
  const share = saved ? fidelity : 1;
  const reached = { index, fidelity: share, ends, epochs: share * epochs, ...(saved ? { checkpoint: saved } : {}) };
  return { ...result, reached: { rung: reached, ...(lost ? { notes: [lostNote] } : {}) } };
}

const lostNote = 'its checkpoint is lost or damaged; it was trained from its start again, to the same result.';
