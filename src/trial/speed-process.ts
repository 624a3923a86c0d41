/** Entry of the process that measures how fast a setup trains: a small ResNet on images of 28×28, 128 at a time. */
import { createRng } from '../core/rng.ts';
import { buildTrainStep } from '../network/autodiff/train-step.ts';
import type { EngineSetup } from '../network/engine/choice.ts';
import { withStep } from '../network/engine/engines/index.ts';
import { TrainState } from '../network/engine/train-state.ts';
import { buildModel, modelSpecSchema } from '../network/models/index.ts';

export interface SpeedRequest {
  readonly setup: EngineSetup;
  readonly seconds: number;
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

const batch = 128;
const image = [1, 28, 28] as const;
const classes = 10;

async function measure({ setup, seconds }: SpeedRequest): Promise<Speed> {
  const spec = modelSpecSchema.parse({ family: 'resnet', depth: 8, widths: [16, 32, 64] });
  const model = buildModel(spec, { shape: image, classes, batch, seed: 'speed' });
  const optimizer = { name: 'sgd', momentum: 0.9, nesterov: true } as const;
  const step = buildTrainStep(model, { optimizer, weightDecay: 5e-4, batchNormMomentum: 0.9 });
  const state = new TrainState(model, step);
  const rng = createRng('speed');
  const x = Float32Array.from({ length: batch * image[1] * image[2] }, () => rng.normal());
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

process.once('message', (request: SpeedRequest) => void answer(request));
