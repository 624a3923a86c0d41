import { decode } from '../../network/ir/bytes/decode.ts';
import { convert } from '../tflite/convert.ts';
import type { ExportFormat } from './format.ts';

/** A model for TensorFlow Lite (LiteRT), as on phones. Its pictures are [1, H, W, C]. */
export const tflite: ExportFormat = {
  name: 'tflite',
  summary: 'a TensorFlow Lite model (model.tflite) for LiteRT on phones; pictures [1, H, W, C]',
  measured: 'model.tflite',
  check: (model) => void convert(decode(model), ''),
  files: ({ model, certificate }) => ({
    'model.tflite': convert(decode(model), `espalier: trial ${certificate.trial} of ${certificate.study}`),
  }),
};
