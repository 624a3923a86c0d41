/** Entry of the process that measures how fast a setup trains. */
import { createRng } from '../core/rng.ts';
import { endWithParent } from '../core/with-parent.ts';
import { buildTrainStep } from '../network/autodiff/train-step.ts';
import type { EngineSetup } from '../network/engine/choice.ts';
import { withStep } from '../network/engine/engines/index.ts';
import { TrainState } from '../network/engine/train-state.ts';
import { elementCount, type Graph } from '../network/ir/graph.ts';
import { withBatch } from '../network/ir/passes/with-batch.ts';
import { buildModel, modelSpecSchema } from '../network/models/index.ts';

export interface SpeedRequest {
  readonly setup: EngineSetup;
  readonly seconds: number;
  /** What it trains, and on how many images at a time; a small ResNet on 128 images of 28×28 where left out. */
  readonly network?: { readonly graph: Graph; readonly batch: number };
}

export interface Speed {
  readonly steps: number;
  /** Of one step, in milliseconds; the first one, which may compile, is left out. */
  readonly medianMs: number;
}

export type SpeedReply =
  | { readonly type: 'progress'; readonly steps: number }
  | { readonly type: 'done'; readonly speed: Speed }
  | { readonly type: 'failed'; readonly reason: string };

function usual(): NonNullable<SpeedRequest['network']> {
  const spec = modelSpecSchema.parse({ family: 'resnet', depth: 8, widths: [16, 32, 64] });
  return { graph: buildModel(spec, { shape: [1, 28, 28], classes: 10, batch: 1, seed: 'speed' }), batch: 128 };
}

async function measure({ setup, seconds, network = usual() }: SpeedRequest): Promise<Speed> {
  const { batch } = network;
  const model = withBatch(network.graph, batch);
  const image = model.inputs[0]!.type.shape;
  const classes = model.types[model.outputs[0]!]!.shape[1]!;
  const optimizer = { name: 'sgd', momentum: 0.9, nesterov: true } as const;
  const step = buildTrainStep(model, { optimizer, weightDecay: 5e-4, batchNormMomentum: 0.9 });
  const state = new TrainState(model, step);
  const rng = createRng('speed');
  const x = Float32Array.from({ length: elementCount(image) }, () => rng.normal());
  const feeds = { x, labels: Uint8Array.from({ length: batch }, () => rng.int(classes)), labelSmoothing: 0, learningRate: 0.01 };
  return withStep(step.graph, setup, {}, async (session) => {
    await state.run(session, feeds);
    const times: number[] = [];
    const endAt = performance.now() + seconds * 1000;
    do {
      const startedAt = performance.now();
      await state.run(session, feeds);
      times.push(performance.now() - startedAt);
      send({ type: 'progress', steps: times.length });
    } while (performance.now() < endAt);
    return { steps: times.length, medianMs: times.sort((a, b) => a - b)[Math.floor(times.length / 2)]! };
  });
}

const send = (reply: SpeedReply, then: () => void = () => undefined) => void process.send?.(reply, then);

async function answer(request: SpeedRequest): Promise<void> {
  try {
    send({ type: 'done', speed: await measure(request) }, () => process.exit());
  } catch (error) {
    send({ type: 'failed', reason: error instanceof Error ? error.message : String(error) }, () => process.exit());
  }
}

endWithParent();
process.once('message', (request: SpeedRequest) => void answer(request));
