import { readFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus, loadavg, platform } from 'node:os';
import { NasError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { Metrics } from '../core/objective.ts';
import type { Progress } from '../core/trial.ts';
import { finalize } from '../network/compress/recipe.ts';
import type { Dataset } from '../network/data/dataset.ts';
import { evaluate, evaluateOn } from '../network/engine/evaluate.ts';
import { liteRuntime } from '../network/engine/litert/load.ts';
import { openLiteSession } from '../network/engine/litert/session.ts';
import { decode } from '../network/ir/bytes/decode.ts';
import { sha256 } from './artefacts.ts';
import { untrained } from './baseline.ts';
import { loadTrialData } from './data.ts';
import { exportGraph, preprocessingOf } from './export-graph.ts';
import { checkTiming } from './latency.ts';
import { measure } from './measure.ts';
import type { TrialHooks } from './protocol.ts';
import type { TrialSetup } from './setup.ts';

/** What the process is asked: two files by path, and the study's setup. */
export interface RemeasureRequest {
  readonly model: string;
  /**
   * The dense baseline's exported file, for the latency ratio; where it is not at hand, a network of the same structure with
   * fresh weights, which takes the same time.
   */
  readonly baseline?: string;
  readonly setup: TrialSetup;
}

/** A model in another format than ONNX, by path. */
export interface FurtherRequest {
  readonly further: string;
  readonly setup: TrialSetup;
}

export type RemeasureReply =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'done'; readonly result: RemeasureResult | FurtherResult }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

export interface SplitReport {
  readonly images: number;
  readonly accuracy: number;
  readonly loss: number;
  readonly perClass: readonly { readonly precision: number; readonly recall: number }[];
}

export interface RemeasureResult {
  /** Of the images and labels that it was measured on. */
  readonly dataHash: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly metrics: Metrics;
  readonly latency: Json;
  readonly validation: SplitReport;
  readonly test: SplitReport;
  readonly input: {
    readonly name: string;
    readonly shape: readonly ['N', number, number, number];
    readonly preprocessing: ReturnType<typeof preprocessingOf>;
  };
  readonly classes: readonly string[];
  readonly machine: Json;
}

/** What a model in another format gives on the same data, by its own runtime. */
export interface FurtherResult {
  readonly sha256: string;
  readonly bytes: number;
  readonly runtime: string;
  readonly validation: SplitReport;
  readonly test: SplitReport;
}

/**
 * Measures a shipped file as a stranger would: a process that knows the search's setup and the bytes on disk, nothing of
 * the search's results. Accuracy on validation data (what the search saw) and on test data (which it never saw).
 */
export async function remeasure({ model, baseline, setup }: RemeasureRequest, hooks: TrialHooks): Promise<RemeasureResult> {
  const bytes = new Uint8Array(await readFile(model));
  const dataset = await loadTrialData(setup, hooks);
  const baselineBytes = baseline === undefined ? denseFile(setup, dataset) : new Uint8Array(await readFile(baseline));
  const graph = decode(bytes);
  const timedOn = await checkTiming(setup);
  const shared = { setup, dataset, baselineBytes, ...(timedOn ? { timedOn } : {}) };
  const { metrics, details } = await measure(graph, bytes, shared, hooks);
  const options = { threads: setup.share ?? 1 };
  const validation = await evaluate(bytes, dataset, dataset.validation, hooks, options);
  const test = await evaluate(bytes, dataset, dataset.test, hooks, options);
  return {
    dataHash: dataset.hash,
    sha256: sha256(bytes),
    bytes: bytes.length,
    metrics,
    latency: details['latency'] ?? null,
    validation: { images: dataset.validation.count, ...validation },
    test: { images: dataset.test.count, ...test },
    input: {
      name: graph.inputs[0]!.name,
      shape: ['N', ...dataset.shape],
      preprocessing: preprocessingOf(dataset),
    },
    classes: dataset.classes,
    machine: machineFacts(),
  };
}

/** Measures a TensorFlow Lite model with LiteRT: accuracy; times in WebAssembly would say nothing of a phone. */
export async function remeasureFurther({ further, setup }: FurtherRequest, hooks: TrialHooks): Promise<FurtherResult> {
  const bytes = new Uint8Array(await readFile(further));
  const dataset = await loadTrialData(setup, hooks);
  const session = await openLiteSession(bytes, dataset.normalization);
  try {
    const validation = await evaluateOn(session, dataset, dataset.validation, hooks);
    const test = await evaluateOn(session, dataset, dataset.test, hooks);
    return {
      sha256: sha256(bytes),
      bytes: bytes.length,
      runtime: liteRuntime(),
      validation: { images: dataset.validation.count, ...validation },
      test: { images: dataset.test.count, ...test },
    };
  } finally {
    await session.release();
  }
}

const denseFile = (setup: TrialSetup, dataset: Dataset): Uint8Array =>
  exportGraph(finalize(untrained(setup, dataset, 'untrained'), { recipe: {}, techniques: {} }, {}), dataset);

const machineFacts = (): Json => ({
  platform: `${platform()}-${arch()}`,
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  load: loadavg()[0]!,
});

/** A measuring process has nothing beside it: no pause, no stop, no lane. */
const quietHooks = (send: Send): TrialHooks => ({
  progress: (progress) => void send({ type: 'progress', progress }),
  checkpoint: () => undefined,
  exclusive: (work) => work(true),
  gpu: (work) => work(),
});

type Send = (reply: RemeasureReply) => Promise<unknown>;

/** The process's entry: one request in, one result out. */
export async function answer(request: RemeasureRequest | FurtherRequest, send: Send): Promise<void> {
  const hooks = quietHooks(send);
  try {
    const result = 'further' in request ? remeasureFurther(request, hooks) : remeasure(request, hooks);
    await send({ type: 'done', result: await result });
  } catch (error) {
    const code = error instanceof NasError ? error.code : 'UNEXPECTED';
    await send({ type: 'failed', code, message: error instanceof Error ? error.message : String(error) });
  }
}
