import { evaluationBatches } from '../network/data/batches.ts';
import { type Dataset, imageSize, type Split } from '../network/data/dataset.ts';
import { openSession } from '../network/engine/session.ts';
import type { Way } from '../network/ir/ways.ts';
import { type ImageKind, type LatencyOptions, type LatencyResult, measureLatency } from '../network/metrics/latency.ts';
import type { TrialHooks } from './protocol.ts';
import { settle } from './settle.ts';
import type { SharedTrialData } from './shared.ts';

/** Images of one kind that take turns, and kinds that are timed apart: the most frequent ways, and all others together. */
const imagesPerKind = 16;
const mostKinds = 8;

/**
 * Times a file in the host's exclusive lane, in turns with the dense baseline, over validation images: those of every way through
 * the network apart, by their share of all.
 */
export function latencyOf(
  bytes: Uint8Array,
  ways: readonly Way[],
  { dataset, baselineBytes }: Pick<SharedTrialData, 'dataset' | 'baselineBytes'>,
  hooks: TrialHooks,
  options: Partial<LatencyOptions> = {},
): Promise<LatencyResult> {
  hooks.progress({ stage: 'latency', done: 0, total: 1 });
  const input = { name: 'x', shape: [1, ...dataset.shape], kinds: kindsOf(ways, dataset) };
  return hooks.exclusive(async (quiet) => {
    const job = { candidate: bytes, baseline: baselineBytes, input, open: openSession, processorTime, options };
    await settle(job);
    const latency = await measureLatency(job);
    return { ...latency, noisy: latency.noisy || !quiet };
  });
}

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
