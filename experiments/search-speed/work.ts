import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { artefactFolder } from '../../src/cli/artefact-folder.ts';
import { loadSpace } from '../../src/cli/compose.ts';
import type { MeasuredTrial } from '../../src/core/trial.ts';
import { findDatasets } from '../../src/network/data/index.ts';
import { decode } from '../../src/network/ir/bytes/decode.ts';
import { layersOf } from '../../src/network/ir/layers.ts';
import { openStore, readStudy } from '../../src/store/index.ts';
import { artefactPath } from '../../src/trial/artefacts.ts';

/** What the peers read: see work.py. */
export interface Work {
  readonly data: string;
  readonly limit: number;
  readonly validation: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly trials: readonly Network[];
}

interface Network {
  readonly layers: Readonly<Record<string, readonly number[]>>;
  readonly strides: Readonly<Record<string, number>>;
}

/** Where this machine has the data of a space: fetched before anything is timed. */
export function dataOf(spaceFile: string): string {
  const { name } = loadSpace(spaceFile).data as { name: string };
  const folder = findDatasets().find((dataset) => dataset.name === name)?.folder;
  if (folder === undefined) throw new Error(`${name} is not on this machine: run a search with it first`);
  return folder;
}

/** The same networks as those of the finished study in this folder, in the same order, trained as the space says. */
export function workOf(folder: string, spaceFile: string): Work {
  const { data, trial } = loadSpace(spaceFile);
  const { limit, validation } = data as { limit: number; validation: number };
  const { batchSize, learningRate, weightDecay } = trial as { batchSize: number; learningRate: number; weightDecay: number };
  const trials = measured(join(folder, 'nas.db')).map(({ artefact }) =>
    networkOf(readFileSync(artefactPath(artefactFolder(join(folder, 'nas.db')), artefact!.sha256))),
  );
  return { data: dataOf(spaceFile), limit, validation, batch: batchSize, learningRate, weightDecay, trials };
}

export function measured(database: string): MeasuredTrial[] {
  const store = openStore(database, { mode: 'read' });
  try {
    return readStudy(store, store.list()[0]!.name).trials.flatMap((trial) => (trial.state === 'done' ? [trial] : []));
  } finally {
    store.close();
  }
}

function networkOf(file: Uint8Array): Network {
  const graph = decode(file);
  const entries = layersOf(graph).map(({ name, node, weight, outputAxis }) => {
    const { shape } = graph.initializers[weight]!;
    const strides = node.attributes['strides'];
    const stride = strides?.kind === 'ints' ? Number(strides.value[0]) : 1;
    return { name, stride, shape: outputAxis === 0 ? shape : shape.toReversed() };
  });
  return {
    layers: Object.fromEntries(entries.map(({ name, shape }) => [name, shape])),
    strides: Object.fromEntries(entries.map(({ name, stride }) => [name, stride])),
  };
}
