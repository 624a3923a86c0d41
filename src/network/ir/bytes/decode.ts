import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { NasError } from '../../../core/errors.ts';
import { inferNode } from '../builder.ts';
import type { Graph, GraphInput, Node, Tensor, TensorType } from '../graph.ts';
import { type GraphProto, type ModelProto, ModelProtoSchema, type NodeProto, type ValueInfoProto } from '../onnx_pb.ts';
import { isKnownOp } from '../ops/index.ts';
import { verify } from '../verify.ts';
import { decodeAttribute } from './attributes.ts';
import { checkOpset, toOpset17 } from './opset.ts';
import { decodeTensor, dtypeOf } from './tensors.ts';

export interface DecodeOptions {
  /** Size of a first dimension that the file leaves open; 1 where left out. */
  readonly batch?: number;
}

/**
 * The bytes of an ONNX file (opset 13 to 21) as a graph of opset 17. Constant nodes become initializers.
 *
 * @throws NasError with a code ONNX_…: PARSE (no ONNX file), OPSET, OPS (unknown ops, all of them listed), FUNCTIONS,
 * SPARSE, EXTERNAL_DATA, SHAPE (an input without a fixed shape), TYPE, ATTRIBUTE, TENSOR; IR_INVALID where the graph
 * contradicts itself.
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): Graph {
  const model = parse(bytes);
  const proto = model.graph;
  if (!proto) throw new NasError('ONNX_PARSE', 'the model has no graph');
  checkOpset(model);
  refuseUnsupported(model, proto);
  const initializers = Object.fromEntries(proto.initializer.map((tensor) => [tensor.name, decodeTensor(tensor, tensor.name)]));
  const inputs = proto.input
    .filter(({ name }) => initializers[name] === undefined)
    .map((info) => decodeInput(info, options.batch ?? 1));
  const { nodes, constants } = splitConstants(decodeNodes(proto, initializers));
  const graph = withTypes({
    name: proto.name,
    inputs,
    outputs: proto.output.map(({ name }) => name),
    initializers: { ...initializers, ...constants },
    nodes,
  });
  verify(graph);
  return graph;
}

/** Parses and writes a file again, without a look at what it means: the bytes stay as they were. */
export const roundTrip = (bytes: Uint8Array): Uint8Array => toBinary(ModelProtoSchema, parse(bytes));

function parse(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new NasError('ONNX_PARSE', `this is no ONNX file: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

function refuseUnsupported(model: ModelProto, proto: GraphProto): void {
  if (model.functions.length > 0) throw new NasError('ONNX_FUNCTIONS', 'models with functions are not supported; inline them');
  if (proto.sparseInitializer.length > 0) throw new NasError('ONNX_SPARSE', 'sparse initializers are not supported');
  const unknown = proto.node.filter((node) => !isKnownOp({ op: node.opType, domain: domainOf(node) }));
  if (unknown.length === 0) return;
  const names = [...new Set(unknown.map((node) => `${domainOf(node)}${domainOf(node) && ':'}${node.opType}`))].sort();
  throw new NasError('ONNX_OPS', `the model uses ops that are not supported: ${names.join(', ')}`, { facts: { ops: names } });
}

/** 'ai.onnx' is another name of the standard domain. */
const domainOf = (node: NodeProto) => (node.domain === 'ai.onnx' ? '' : node.domain);

function decodeInput(info: ValueInfoProto, batch: number): GraphInput {
  const type = info.type?.value;
  if (type?.case !== 'tensorType' || !type.value.shape) {
    throw new NasError('ONNX_SHAPE', `the input "${info.name}" has no shape`, { facts: { input: info.name } });
  }
  const shape = type.value.shape.dim.map(({ value }, axis) => {
    if (value.case === 'dimValue' && value.value > 0n) return Number(value.value);
    if (axis === 0) return batch;
    throw new NasError(
      'ONNX_SHAPE',
      `dimension ${axis} of the input "${info.name}" is not fixed; export the model with its size`,
      {
        facts: { input: info.name, axis },
      },
    );
  });
  return { name: info.name, type: { dtype: dtypeOf(type.value.elemType, info.name), shape } };
}

/** Nodes under unique names: a node without a name is called after its first output. */
function decodeNodes(proto: GraphProto, initializers: Readonly<Record<string, Tensor>>): readonly Node[] {
  const names = new Set<string>();
  const unique = (wish: string) => {
    let name = wish;
    for (let n = 2; names.has(name); n++) name = `${wish}_${n}`;
    names.add(name);
    return name;
  };
  return proto.node.map((node) => {
    const outputs = [...node.output];
    const name = unique(node.name || outputs.find((output) => output !== '') || node.opType);
    const attributes = Object.fromEntries(node.attribute.map((attribute) => [attribute.name, decodeAttribute(attribute)]));
    return toOpset17(
      { op: node.opType, domain: domainOf(node), name, inputs: [...node.input], outputs, attributes },
      initializers,
    );
  });
}

function splitConstants(nodes: readonly Node[]): { nodes: readonly Node[]; constants: Record<string, Tensor> } {
  const constants: Record<string, Tensor> = {};
  const rest = nodes.filter((node) => {
    const value = node.op === 'Constant' && node.domain === '' ? node.attributes['value'] : undefined;
    if (value?.kind === 'tensor') constants[node.outputs[0]!] = value.value;
    return value?.kind !== 'tensor';
  });
  return { nodes: rest, constants };
}

function withTypes(graph: Omit<Graph, 'types'>): Graph {
  const types: Record<string, TensorType> = {};
  for (const { name, type } of graph.inputs) types[name] = type;
  for (const [name, { dtype, shape }] of Object.entries(graph.initializers)) types[name] = { dtype, shape };
  for (const node of graph.nodes) {
    const inferred = inferNode(node, types, graph.initializers);
    node.outputs.forEach((output, i) => {
      if (output !== '') types[output] = inferred[i]!;
    });
  }
  return { ...graph, types };
}
