import { decode } from '../../network/ir/bytes/decode.ts';
import { convert } from '../tflite/convert.ts';
import { labelsOf, metadataOf } from '../tflite/metadata.ts';
import { takePixels } from '../tflite/raw-pixels.ts';
import type { ExportFormat, ExportSource } from './format.ts';

/** A model for TensorFlow Lite (LiteRT), as on phones. Its pictures are [1, H, W, C], of 0 … 1. */
export const tflite: ExportFormat = {
  name: 'tflite',
  entry: 'model.tflite',
  summary: 'for LiteRT on phones; pictures [1, H, W, C] of 0 … 1',
  measured: true,
  check: (model) => void convert(decode(model), { description: '' }),
  card: cardOf,
  files(source) {
    const { study, trial } = source.certificate;
    const about = { description: `espalier: trial ${trial} of ${study}`, metadata: metadataOf(source) };
    const model = convert(takePixels(decode(source.model), source.input), about);
    return { 'model.tflite': Buffer.concat([model, labelsOf(source)]) };
  },
};

/** It takes pictures that are not normalised, their channels last. */
function cardOf({ input }: ExportSource): string {
  const [channels, height, width] = input.shape;
  return `\`model.tflite\` is the same network for LiteRT (TensorFlow Lite): input float32 [1, ${height}, ${width}, ${channels}], pixel / 255, its channels last: it normalises by itself; output [1, classes]. It carries the names of the classes, as MediaPipe reads them.

\`\`\`python
import numpy
from ai_edge_litert.interpreter import Interpreter  # or, from TensorFlow: tf.lite.Interpreter
interpreter = Interpreter("model.tflite")
interpreter.allocate_tensors()
interpreter.set_tensor(interpreter.get_input_details()[0]["index"], numpy.zeros((1, ${height}, ${width}, ${channels}), numpy.float32))
interpreter.invoke()
logits = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
\`\`\``;
}
