import { availableParallelism } from 'node:os';
import { NasError } from '../core/errors.ts';
import { evaluationBatches } from '../network/data/batches.ts';
import { type Dataset, imageSize, type Split } from '../network/data/dataset.ts';
import { openSession } from '../network/engine/session.ts';
import type { Way } from '../network/ir/ways.ts';
import { type ImageKind, type LatencyOptions, type LatencyResult, measureLatency } from '../network/metrics/latency.ts';
import { type LatencyUse, latencyUseSchema, usualUse } from '../network/metrics/use.ts';
import type { TrialHooks } from './protocol.ts';
import { settle } from './settle.ts';
import type { TrialSetup } from './setup.ts';
import type { SharedTrialData } from './shared.ts';

/** Images of one kind that take turns, and kinds that are timed apart: the most frequent ways, and all others together. */
const imagesPerKind = 16;
const mostKinds = 8;

/**
 * Times a file in the host's exclusive lane, in turns with the dense baseline, over validation images: those of every way through
 * the network apart, by their share of all. Of several images at once one decides for all, and they are taken as they come.
 */
export function latencyOf(
  bytes: Uint8Array,
  ways: readonly Way[],
  { setup, dataset, baselineBytes }: Pick<SharedTrialData, 'setup' | 'dataset' | 'baselineBytes'>,
  hooks: TrialHooks,
  options: Partial<LatencyOptions> = {},
): Promise<LatencyResult & LatencyUse> {
  hooks.progress({ stage: 'latency', done: 0, total: 1 });
  const { batch, threads } = conditionsOf(setup);
  const kinds = batch === 1 ? kindsOf(ways, dataset) : [{ share: 1, images: batchesOf(batch, dataset) }];
  const input = { name: 'x', shape: [batch, ...dataset.shape], kinds };
  const open = (file: Uint8Array) => openSession(file, { threads });
  return hooks.exclusive(async (quiet) => {
    const job = { candidate: bytes, baseline: baselineBytes, input, open, processorTime, options };
    await settle(job);
    const latency = await measureLatency(job);
    return { ...latency, batch, threads, noisy: latency.noisy || !quiet };
  });
}

/** Refuses more threads than there are cores: what they take says nothing. Throws NasError LATENCY_THREADS. */
export function checkThreads(setup: TrialSetup): void {
  const { threads } = conditionsOf(setup);
  const cores = availableParallelism();
  if (threads <= cores) return;
  const message = `latency.threads: ${threads} threads cannot be timed on a machine with ${cores} cores. Take at most ${cores}.`;
  throw new NasError('LATENCY_THREADS', message, { facts: { threads, cores } });
}

/** How the file is run where it is used. */
const conditionsOf = ({ latency }: TrialSetup): LatencyUse =>
  latency === undefined ? usualUse : latencyUseSchema.parse(latency);

/** Of all threads: the others wait in the meantime. */
const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** @param ways the most frequent first */
function kindsOf(ways: readonly Way[], dataset: Dataset): readonly ImageKind[] {
  const count = ways.reduce((sum, { images }) => sum + images.length, 0);
  const frequent = ways.length <= mostKinds ? ways : ways.slice(0, mostKinds - 1);
  const rest = ways.slice(frequent.length).flatMap(({ images }) => images);
  return [...frequent.map(({ images }) => images), ...(rest.length > 0 ? [rest] : [])].map((images) => ({
    share: images.length / count,
    images: someOf(images).map((image) => imageOf(image, dataset)),
  }));
}

/** Validation images `batch` at a time, each [batch · C · H · W]; where there are too few, some of them again. */
function batchesOf(batch: number, dataset: Dataset): readonly Float32Array[] {
  const size = imageSize(dataset.shape);
  const { count } = dataset.validation;
  return Array.from({ length: Math.max(2, Math.ceil(imagesPerKind / batch)) }, (_, turn) => {
    const data = new Float32Array(batch * size);
    for (let i = 0; i < batch; i++) data.set(imageOf((turn * batch + i) % count, dataset), i * size);
    return data;
  });
}

/** Evenly over all of them. */
function someOf(images: readonly number[]): readonly number[] {
  const some = Math.min(imagesPerKind, images.length);
  return Array.from({ length: some }, (_, i) => images[Math.floor((i * images.length) / some)]!);
}

/** [C, H, W], normalised. */
function imageOf(image: number, { validation, shape, normalization }: Dataset): Float32Array {
  const size = imageSize(shape);
  const pixels = validation.images.subarray(image * size, (image + 1) * size);
  const split: Split = { images: pixels, labels: validation.labels.subarray(image, image + 1), count: 1 };
  const [batch] = evaluationBatches({ split, shape, normalization, batchSize: 1 });
  return batch!.x;
}
