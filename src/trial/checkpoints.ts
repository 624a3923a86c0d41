import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artefact } from '../core/trial.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../network/engine/checkpoint.ts';
import type { TrainCheckpoint } from '../network/engine/train.ts';
import { sha256, writeAtomically } from './artefacts.ts';
import { trainingVersion } from './setup.ts';

/** Checkpoints lie beside the models, and are named by their content like them. */
export const checkpointPath = (folder: string, hash: string): string => join(folder, `${hash}.checkpoint`);

/**
 * Keeps a paused training; a half-written file is never seen under its name. No two are the same file, though two rungs or two
 * studies may come to the same weights: each is given up by itself.
 */
export async function saveCheckpoint(folder: string, checkpoint: TrainCheckpoint): Promise<Artefact> {
  const bytes = Buffer.concat([encodeCheckpoint(checkpoint, trainingVersion), randomBytes(16)]);
  const artefact = { sha256: sha256(bytes), bytes: bytes.length };
  await writeAtomically(checkpointPath(folder, artefact.sha256), bytes);
  return artefact;
}

/** Undefined where the file is lost, damaged, or of another version: the training then begins at its start. */
export async function loadCheckpoint(folder: string, { sha256: hash }: Artefact): Promise<TrainCheckpoint | undefined> {
  const bytes = await readFile(checkpointPath(folder, hash)).catch(() => undefined);
  return bytes && sha256(bytes) === hash ? decodeCheckpoint(bytes, trainingVersion) : undefined;
}
