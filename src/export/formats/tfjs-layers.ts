import { decode } from '../../network/ir/bytes/decode.ts';
import type { Graph } from '../../network/ir/graph.ts';
import { convert } from '../tfjs/convert.ts';
import { type LayersModel, layersOf } from '../tfjs/layers.ts';
import type { ExportFormat, ExportSource } from './format.ts';
import { aboutOf, cardOf } from './tfjs.ts';

/** A TensorFlow.js LayersModel, where every op is a layer of Keras: it can be trained on. Its pictures are [N, H, W, C]. */
export const tfjsLayers: ExportFormat = {
  name: 'tfjs-layers',
  entry: 'tfjs-layers/model.json',
  summary: 'for tf.loadLayersModel; pictures [N, H, W, C]',
  check: (model) => void modelOf(decode(model)),
  card: (source) => cardOf(source, 'tfjs-layers/model.json', 'loadLayersModel'),
  files: (source) => filesOf(modelOf(decode(source.model)), source),
};

function modelOf(graph: Graph): LayersModel {
  const { writer, outputs } = convert(graph);
  return layersOf(writer, outputs);
}

function filesOf({ topology, weights, bytes }: LayersModel, source: ExportSource) {
  const model = {
    format: 'layers-model',
    generatedBy: 'espalier',
    convertedBy: null,
    userDefinedMetadata: aboutOf(source),
    modelTopology: topology,
    weightsManifest: [{ paths: ['weights.bin'], weights }],
  };
  return { 'tfjs-layers/model.json': `${JSON.stringify(model)}\n`, 'tfjs-layers/weights.bin': bytes };
}
