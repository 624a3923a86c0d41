import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Json, stableStringify } from '../core/json.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../network/engine/checkpoint.ts';
import { type TrainOptions, type TrainResult, train } from '../network/engine/train.ts';
import { readChecked, sha256, writeChecked } from './artefacts.ts';
import { trainingVersion } from './setup.ts';

/** Epochs that end sooner after the last saved one are not saved: less than this is lost, and saving takes no time to speak of. */
const usualSeconds = 30;

/**
 * Trains, and keeps what a long training has reached, epoch by epoch, in a file: where its process is killed, the same training
 * goes on from there, to bit by bit the same weights. One file for each training, which the next epoch replaces; all
 * are removed by `discard`. A file that cannot be written, or is damaged, costs time only.
 */
export class HalfTrained {
  readonly #folder: string;
  readonly #seconds: number;
  readonly #paths = new Set<string>();

  constructor(folder: string, seconds = usualSeconds) {
    this.#folder = folder;
    this.#seconds = seconds;
  }

  /** `identity`: everything that the training's result depends on besides the code. */
  async train(options: TrainOptions, identity: { readonly [key: string]: Json }): Promise<TrainResult> {
    const path = join(this.#folder, `${sha256(stableStringify(identity))}.unfinished`);
    this.#paths.add(path);
    const kept = await readChecked(path);
    const from = kept && decodeCheckpoint(kept, trainingVersion);
    let savedAt = performance.now();
    return train({
      ...options,
      ...(from ? { from } : {}),
      epochEnded: async (checkpoint) => {
        if (performance.now() - savedAt < this.#seconds * 1000) return;
        await writeChecked(path, encodeCheckpoint(await checkpoint(), trainingVersion)).catch(() => undefined);
        savedAt = performance.now();
      },
    });
  }

  /** Once what the trainings gave is kept elsewhere, or never will be. What cannot be removed is left for `nas gc`. */
  async discard(): Promise<void> {
    for (const path of this.#paths) await rm(path, { force: true }).catch(() => undefined);
  }
}
