import { decode } from '../../network/ir/bytes/decode.ts';
import type { Graph } from '../../network/ir/graph.ts';
import { convert } from '../tfjs/convert.ts';
import { shapeOf } from '../tfjs/writer.ts';
import type { ExportFormat, ExportSource } from './format.ts';

/** A TensorFlow.js GraphModel: `tf.loadGraphModel('tfjs/model.json')`. Its pictures are [N, H, W, C]. */
export const tfjs: ExportFormat = {
  name: 'tfjs',
  entry: 'tfjs/model.json',
  summary: 'for tf.loadGraphModel; pictures [N, H, W, C]',
  check: (model) => void convert(decode(model)),
  card: (source) => cardOf(source, 'tfjs/model.json', 'loadGraphModel'),
  files: (source) => filesOf(decode(source.model), source),
};

function filesOf(graph: Graph, source: ExportSource) {
  const { writer, outputs } = convert(graph);
  const model = {
    format: 'graph-model',
    generatedBy: 'espalier',
    convertedBy: null,
    signature: {
      inputs: Object.fromEntries(graph.inputs.map(({ name, type }) => [name, tensorInfo(name, lastChannels(type.shape))])),
      outputs: Object.fromEntries(
        graph.outputs.map((name, i) => [name, tensorInfo(outputs[i]!, graph.types[name]!.shape.slice(1))]),
      ),
    },
    userDefinedMetadata: aboutOf(source),
    modelTopology: { node: writer.nodes, library: {}, versions: { producer: 1 } },
    weightsManifest: [{ paths: ['weights.bin'], weights: writer.weights }],
  };
  return { 'tfjs/model.json': `${JSON.stringify(model)}\n`, 'tfjs/weights.bin': writer.bytes() };
}

/** Of a model for TensorFlow.js. It is prepared like the ONNX file, whatever model.tflite does by itself. */
export function cardOf({ input }: ExportSource, file: string, load: string): string {
  const [channels, height, width] = input.shape;
  return `\`${file}\` is the same network for TensorFlow.js: input float32 [N, ${height}, ${width}, ${channels}], its channels last, each (pixel / 255 − mean) / std as for \`model.onnx\`; output: the logits. Mean, std and the names of the classes stand in it, too (\`userDefinedMetadata\`).

\`\`\`js
const model = await tf.${load}('${file}');
const logits = model.predict(tf.zeros([1, ${height}, ${width}, ${channels}]));
\`\`\``;
}

/** What a model of TensorFlow.js says of itself. */
export const aboutOf = ({ certificate, input, classes }: ExportSource) => ({
  study: certificate.study,
  trial: certificate.trial,
  sha256: certificate.model.sha256,
  preprocessing: {
    formula: '(pixel / 255 - mean) / std',
    mean: input.mean,
    std: input.std,
    ...(input.resize ? { resize: input.resize } : {}),
    ...(input.sound ? { sound: input.sound } : {}),
  },
  classes,
});

/** Of one sample: [C, H, W] → [H, W, C]. */
function lastChannels([, ...sizes]: readonly number[]): readonly number[] {
  const [channels, ...sides] = sizes;
  return sizes.length === 3 ? [...sides, channels!] : sizes;
}

const tensorInfo = (name: string, sizes: readonly number[]) => ({
  name: `${name}:0`,
  dtype: 'DT_FLOAT',
  tensorShape: shapeOf([-1, ...sizes]),
});
