import type * as Ort from 'onnxruntime-web';
import type { WebFacts } from '../facts.ts';

export interface Answer {
  readonly logits: Float32Array;
  /** Of one run, the median of some rounds. */
  readonly milliseconds: number;
}

export type Model = (input: Float32Array) => Promise<Answer>;

/** Rounds of one picture that are timed, or what fits in the time. A browser's clock is coarse: a round is several runs. */
const [mostRounds, runsPerRound, mostMs] = [15, 10, 250];

/** Loads onnxruntime and the model, both from beside the page. One thread: more need headers that few servers send. */
export async function loadModel({ input }: WebFacts): Promise<Model> {
  const library = new URL('ort/ort.wasm.bundle.min.mjs', document.baseURI).href;
  const ort = (await import(library)) as typeof Ort;
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create('model.onnx', { executionProviders: ['wasm'] });
  const run = async (data: Float32Array) => {
    const { [session.outputNames[0]!]: logits } = await session.run({
      [input.name]: new ort.Tensor('float32', data, [1, ...input.shape]),
    });
    return logits!.data as Float32Array;
  };
  return async (data) => {
    const logits = await run(data);
    return { logits, milliseconds: await medianTime(() => run(data)) };
  };
}

async function medianTime(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  const startedAt = performance.now();
  while (times.length === 0 || (times.length < mostRounds && performance.now() - startedAt < mostMs)) {
    const before = performance.now();
    for (let i = 0; i < runsPerRound; i++) await run();
    times.push((performance.now() - before) / runsPerRound);
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)]!;
}
