/** Shapes in which a model ships beside `model.onnx`. To add one: a file beside this one, and a line in the list. */
import { c } from './c.ts';
import type { ExportFormat } from './format.ts';
import { tfjs } from './tfjs.ts';
import { tfjsLayers } from './tfjs-layers.ts';
import { tflite } from './tflite.ts';
import { web } from './web.ts';

export const exportFormats: readonly ExportFormat[] = [web, tflite, tfjs, tfjsLayers, c];
