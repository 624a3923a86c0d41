import { NasError } from '../../../core/errors.ts';
import { decode } from '../../ir/bytes/decode.ts';
import type { Graph, Node, Shape } from '../../ir/graph.ts';
import { show } from '../../ir/graph.ts';
import { layersOf } from '../../ir/layers.ts';
import { parameterNames, stateNames } from '../../ir/macs.ts';
import { opEntry, ops } from '../../ir/ops/index.ts';
import { readInt } from '../../ir/ops/support/attributes.ts';
import { deadCode } from '../../ir/passes/dead-code.ts';
import { withBatch } from '../../ir/passes/with-batch.ts';
import { verify } from '../../ir/verify.ts';
import { linesAsImages } from './lines.ts';
import { rename } from './names.ts';
import { simplify } from './simplify.ts';
import { untied } from './untie.ts';

/** A size that networks do not have: where the file leaves the batch open, a shape that holds it is told by it. */
const openBatch = 7;

/**
 * A trained network from the bytes of an ONNX file, in training form, at batch size 1: input `x` [1, C, H, W], output
 * `logits` [1, K] (a softmax at the end is left out), layers under readable names.
 *
 * @throws NasError with a code ONNX_… (see `decode`), IR_…, or IMPORT_…: INPUT, OUTPUT, TRAINABLE, QUANTIZED, LAYERS, BATCH, VALUES.
 */
export function importNetwork(bytes: Uint8Array): Graph {
  const decoded = decode(bytes, { batch: openBatch, fold: true });
  const graph = headed(deadCode({ ...decoded, outputs: decoded.outputs.slice(0, 1) }));
  checkInterface(graph);
  refuseQuantized(graph);
  refuseBodies(graph);
  const simple = simplify(linesAsImages(graph));
  checkTrainable(simple);
  const imported = atOneImage(rename(untied(simple)));
  checkBatch(imported);
  checkValues(imported);
  verify(imported);
  return imported;
}

/** By way of two images where the file has one: what holds the batch size says so from then on. */
function atOneImage(graph: Graph): Graph {
  const isOne = graph.inputs[0]!.type.shape[0] === 1;
  return withBatch(isOne ? withBatch(graph, 2) : graph, 1);
}

/** The network up to its logits. A softmax, also one after the other, changes no decision, and the loss has its own. */
function headed(graph: Graph): Graph {
  const [output] = graph.outputs;
  const last = graph.nodes.find(({ outputs }) => outputs[0] === output);
  const idle = last && last.domain === '' && ['Softmax', 'LogSoftmax', 'Identity'].includes(last.op);
  return idle ? headed(deadCode({ ...graph, outputs: [last.inputs[0]!] })) : graph;
}

function checkInterface({ inputs, outputs, types, nodes }: Graph): void {
  const used = inputs.filter(({ name }) => nodes.some((node) => node.inputs.includes(name)));
  const [input] = used;
  const list = used.map(({ name, type }) => `"${name}" ${type.dtype}${asInFile(type.shape)}`).join(', ');
  if (used.length !== 1 || inputs.length !== 1 || input!.type.dtype !== 'float32' || input!.type.shape.length !== 4) {
    const message = `the network must take images, one float32 input [N, C, H, W]; this one takes ${list || 'nothing'}. Export it with such an input.`;
    throw new NasError('IMPORT_INPUT', message, { facts: { inputs: used.map(({ name }) => name) } });
  }
  if (isChannelsLast(input!.type.shape)) {
    const message = `the network must take images channels first, float32 [N, C, H, W]; this one takes ${list}, channels last. Export it with such an input.`;
    throw new NasError('IMPORT_INPUT', message, { facts: { inputs: [input!.name] } });
  }
  const type = types[outputs[0] ?? ''];
  if (type?.dtype === 'float32' && type.shape.length === 2 && type.shape[0] === input!.type.shape[0]) return;
  const found = type ? `${type.dtype}${asInFile(type.shape)}` : 'nothing';
  throw new NasError('IMPORT_OUTPUT', `the network's first output must be class scores, float32 [N, classes]; it is ${found}`);
}

/** A batch that the file leaves open is N. */
const asInFile = (shape: Shape): string => show(shape).replace(new RegExp(`^\\[${openBatch}\\b`), '[N');

/** Images have 1 or 3 channels. */
const isChannelsLast = ([, second, third, last]: Shape): boolean => second! > 4 && third! > 1 && (last === 1 || last === 3);

function refuseQuantized({ nodes }: Graph): void {
  const node = nodes.find(({ op }) => /^(?:QuantizeLinear|DequantizeLinear|DynamicQuantizeLinear|\w+Integer)$/.test(op));
  if (!node) return;
  const message = `node "${node.name}" (${node.op}): the network is quantized already. Give the float network that it was made from.`;
  throw new NasError('IMPORT_QUANTIZED', message, { facts: { node: node.name, op: node.op } });
}

/** A network that decides as it runs which nodes it runs. */
function refuseBodies({ nodes }: Graph): void {
  const node = nodes.find(({ attributes }) => Object.values(attributes).some(({ kind }) => kind === 'graph'));
  if (!node) return;
  const message = `node "${node.name}" (${node.op}) holds graphs of its own: such networks cannot be compressed here. Export one without branches.`;
  throw new NasError('IMPORT_TRAINABLE', message, { facts: { node: node.name, op: node.op } });
}

function checkTrainable(graph: Graph): void {
  if (layersOf(graph).length === 0) {
    throw new NasError(
      'IMPORT_LAYERS',
      'the network has no layer with weights of its own: no Conv, Gemm or MatMul with constant weights',
    );
  }
  refuseWindows(graph);
  const node = graph.nodes.find((each) => opEntry(each).grad === 'forbidden' || inTrainingMode(each));
  if (!node) return;
  const trainable = ops.flatMap(({ op, domain, grad }) => (domain === '' && typeof grad !== 'string' ? [op] : [])).sort();
  const reason = inTrainingMode(node) ? 'is in training mode: export the model for inference' : 'cannot be trained through';
  const message = `node "${node.name}": the op ${node.op} ${reason}. Known ops that can: ${trainable.join(', ')}.`;
  throw new NasError('IMPORT_TRAINABLE', message, { facts: { node: node.name, op: node.op } });
}

/** Windows are moved over images alone, in training. */
function refuseWindows({ nodes, types }: Graph): void {
  const rankOf = (node: Node) => types[node.inputs[0]!]!.shape.length;
  const node = nodes.find((each) => ['Conv', 'MaxPool', 'AveragePool'].includes(each.op) && rankOf(each) !== 4);
  if (!node) return;
  const message = `node "${node.name}" (${node.op}) moves over ${rankOf(node) - 2} dimensions; only those over images, [N, C, H, W], or lines can be trained.`;
  throw new NasError('IMPORT_TRAINABLE', message, { facts: { node: node.name, op: node.op } });
}

const inTrainingMode = (node: Node): boolean => node.op === 'BatchNormalization' && readInt(node, 'training_mode', 0) !== 0;

/** A file that was exported for one image may hold that number where nothing shows it: every image must come out again. */
function checkBatch(graph: Graph): void {
  const { types } = withBatch(graph, 2);
  if (types[graph.outputs[0]!]!.shape[0] === 2) return;
  const seen = new Set(graph.inputs.map(({ name }) => name));
  const node = graph.nodes.find(({ inputs, outputs }) => {
    if (!inputs.some((name) => seen.has(name))) return false;
    for (const output of outputs) seen.add(output);
    return show(types[outputs[0]!]!.shape) === show(graph.types[outputs[0]!]!.shape);
  })!;
  const message = `node "${node.name}" (${node.op}) knows one image only: export the network with an open batch size (in PyTorch dynamic_shapes, or dynamic_axes).`;
  throw new NasError('IMPORT_BATCH', message, { facts: { node: node.name, op: node.op } });
}

function checkValues(graph: Graph): void {
  for (const name of [...parameterNames(graph), ...stateNames(graph)]) {
    const { dtype, data } = graph.initializers[name]!;
    if (dtype !== 'float32')
      throw new NasError('IMPORT_VALUES', `"${name}" is ${dtype}; weights must be float32`, { facts: { name } });
    if (!(data as Float32Array).every(Number.isFinite))
      throw new NasError('IMPORT_VALUES', `"${name}" holds values that are not finite`, { facts: { name } });
  }
}
