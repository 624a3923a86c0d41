import { decode } from '../../network/ir/bytes/decode.ts';
import { convert } from '../tflite/convert.ts';
import { labelsOf, metadataOf } from '../tflite/metadata.ts';
import { takePixels } from '../tflite/raw-pixels.ts';
import type { ExportFormat } from './format.ts';

/** A model for TensorFlow Lite (LiteRT), as on phones. Its pictures are [1, H, W, C], of 0 … 1. */
export const tflite: ExportFormat = {
  name: 'tflite',
  entry: 'model.tflite',
  summary: 'for LiteRT on phones; pictures [1, H, W, C] of 0 … 1',
  measured: true,
  check: (model) => void convert(decode(model), { description: '' }),
  files(source) {
    const { study, trial } = source.certificate;
    const about = { description: `espalier: trial ${trial} of ${study}`, metadata: metadataOf(source) };
    const model = convert(takePixels(decode(source.model), source.input), about);
    return { 'model.tflite': Buffer.concat([model, labelsOf(source)]) };
  },
};
