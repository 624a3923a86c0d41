import { availableParallelism } from 'node:os';
import { NasError } from '../core/errors.ts';
import { addressOf, deviceFacts, timeThere } from '../device/client.ts';
import type { DeviceFacts } from '../device/protocol.ts';
import { evaluationBatches } from '../network/data/batches.ts';
import { type Dataset, imageSize, type Split } from '../network/data/dataset.ts';
import type { Way } from '../network/ir/ways.ts';
import type { ImageKind, LatencyOptions, LatencyResult } from '../network/metrics/latency.ts';
import { type TimedFiles, timeFiles } from '../network/metrics/timing.ts';
import { type LatencyUse, latencyUseSchema, usualUse } from '../network/metrics/use.ts';
import { SearchStopped, type TrialHooks } from './protocol.ts';
import type { TrialSetup } from './setup.ts';
import type { SharedTrialData } from './shared.ts';

/** `machine`: the device, where it was not this machine. */
type Timed = LatencyResult & Pick<LatencyUse, 'batch' | 'threads'> & { readonly machine?: DeviceFacts };

/** Images of one kind that take turns, and kinds that are timed apart: the most frequent ways, and all others together. */
const imagesPerKind = 16;
const mostKinds = 8;

/**
 * Times a file in the host's exclusive lane, or on the device that the space names, in turns with the dense baseline, over
 * validation images: those of every way through the network apart, by their share of all. Of several images at once one
 * decides for all, and they are taken as they come.
 */
export async function latencyOf(
  bytes: Uint8Array,
  ways: readonly Way[],
  { setup, dataset, baselineBytes, timedOn }: Pick<SharedTrialData, 'setup' | 'dataset' | 'baselineBytes' | 'timedOn'>,
  hooks: TrialHooks,
  options: Partial<LatencyOptions> = {},
): Promise<Timed> {
  hooks.progress({ stage: 'latency', done: 0, total: 1 });
  const { batch, threads, seconds, on } = conditionsOf(setup);
  const kinds = batch === 1 ? kindsOf(ways, dataset) : [{ share: 1, images: batchesOf(batch, dataset) }];
  const input = { name: 'x', shape: [batch, ...dataset.shape], kinds };
  const files = { candidate: bytes, baseline: baselineBytes, input, threads, options: { maxSeconds: seconds, ...options } };
  if (on !== undefined) {
    const machine = timedOn ? { machine: timedOn } : {};
    return { ...(await timedBy(on, files, hooks)), batch, threads, ...machine };
  }
  return hooks.exclusive(async (quiet) => {
    const latency = await timeFiles(files);
    return { ...latency, batch, threads, noisy: latency.noisy || !quiet };
  });
}

/** The other trials go on meanwhile: the device does one timing after the other. */
async function timedBy(url: string, files: TimedFiles, hooks: TrialHooks): Promise<LatencyResult> {
  const waits = (answers: boolean) => {
    hooks.checkpoint();
    if (!answers) hooks.progress({ stage: 'wait for the device', done: 0, total: 1 });
  };
  try {
    return await timeThere(addressOf(url), files, { waits });
  } catch (error) {
    // Without it no other trial can be measured either.
    if (error instanceof NasError && lost.has(error.code)) throw new SearchStopped(error.code, error.message, error);
    throw error;
  }
}

const lost: ReadonlySet<string> = new Set(['DEVICE_UNREACHABLE', 'DEVICE_TOKEN', 'DEVICE_VERSION']);

/**
 * The device that times, where it is not this machine.
 *
 * Refuses more threads than it, or this machine, has cores: what they take says nothing. Throws NasError LATENCY_THREADS, and
 * what `deviceFacts` throws.
 */
export async function checkTiming(setup: TrialSetup): Promise<DeviceFacts | undefined> {
  const { threads, on } = conditionsOf(setup);
  const device = on === undefined ? undefined : await deviceFacts(addressOf(on));
  const cores = device?.cores ?? availableParallelism();
  if (threads <= cores) return device;
  const message = `latency.threads: ${threads} threads cannot be timed on a machine with ${cores} cores. Take at most ${cores}.`;
  throw new NasError('LATENCY_THREADS', message, { facts: { threads, cores } });
}

/** How the file is run where it is used. */
const conditionsOf = ({ latency }: TrialSetup): LatencyUse =>
  latency === undefined ? usualUse : latencyUseSchema.parse(latency);

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
