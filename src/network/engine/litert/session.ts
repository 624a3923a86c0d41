import { exitCodes, NasError } from '../../../core/errors.ts';
import type { Normalization } from '../../data/dataset.ts';
import type { Tensor } from '../../ir/graph.ts';
import type { Session, Tensors } from '../session.ts';
import { type Lite, loadLite } from './load.ts';

/**
 * Loads a TensorFlow Lite model (input [1, H, W, C] of 0 … 1, output [1, K]) as a session that takes normalised images
 * [N, C, H, W] and answers [N, K]: one after the other.
 *
 * @throws NasError LITERT_MODEL where LiteRT refuses it.
 */
export async function openLiteSession(bytes: Uint8Array, normalization: Normalization): Promise<Session> {
  const lite = await loadLite();
  const model = await lite.compile(bytes, { accelerator: 'wasm' }).catch((error: unknown) => {
    throw refused(lite, error, bytes.length);
  });
  const [input, output] = [model.getInputDetails()[0]!.name, model.getOutputDetails()[0]!.name];
  const { shape: sizes } = model.getInputDetails()[0]!;
  const blank = new Float32Array(sizes.reduce((product, size) => product * size, 1));
  try {
    // An operator that cannot be set up is found out by the first run alone.
    await answerOf(lite, model, blank, [...sizes]);
  } catch (error) {
    model.delete();
    throw error;
  }
  let open = true;
  return {
    inputs: [input],
    outputs: [output],
    async run(feeds: Tensors) {
      const { shape, data } = feeds[input]!;
      const [count, channels, height, width] = shape as [number, number, number, number];
      const size = channels * height * width;
      const answers: Float32Array[] = [];
      for (let i = 0; i < count; i++) {
        const image = pixelsOf((data as Float32Array).subarray(i * size, (i + 1) * size), channels, normalization);
        answers.push(await answerOf(lite, model, image, [1, height, width, channels]));
      }
      return { [output]: joined(answers) };
    },
    endProfiling: () => Promise.resolve([]),
    async release() {
      if (open) model.delete();
      open = false;
    },
  };
}

type Model = Awaited<ReturnType<Lite['compile']>>;

async function answerOf(lite: Lite, model: Model, image: Float32Array, shape: readonly number[]): Promise<Float32Array> {
  const input = new lite.Tensor(image, [...shape]);
  const results = await model.run(input).catch((error: unknown) => {
    throw refused(lite, error, undefined);
  });
  // Where a run fails it gives zeros, and writes why.
  const [failed] = lite.takeErrors();
  if (failed !== undefined) throw refused(lite, new Error(failed), undefined);
  const answer = (await results[0]!.data()).slice() as Float32Array;
  for (const tensor of [input, ...results]) tensor.delete();
  return answer;
}

/** [C, H, W] → [H, W, C], and no longer normalised. */
function pixelsOf(image: Float32Array, channels: number, { mean, std }: Normalization): Float32Array {
  const places = image.length / channels;
  return Float32Array.from({ length: image.length }, (_, i) => {
    const channel = i % channels;
    return image[channel * places + Math.floor(i / channels)]! * std[channel]! + mean[channel]!;
  });
}

function joined(answers: readonly Float32Array[]): Tensor {
  const classes = answers[0]!.length;
  const data = new Float32Array(answers.length * classes);
  answers.forEach((answer, i) => {
    data.set(answer, i * classes);
  });
  return { dtype: 'float32', shape: [answers.length, classes], data };
}

function refused(lite: Lite, error: unknown, bytes: number | undefined): NasError {
  const said = [...lite.takeErrors(), error instanceof Error ? error.message : String(error)].join(' ');
  return new NasError('LITERT_MODEL', `LiteRT refuses the model${bytes === undefined ? '' : ` (${bytes} bytes)`}: ${said}`, {
    facts: { bytes: bytes ?? null },
    exitCode: exitCodes.failure,
    cause: error,
  });
}
