import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { NasError } from '../../../core/errors.ts';
import { mapBodies } from '../bodies.ts';
import { inferNode, inScope, type Scope } from '../builder.ts';
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
  const untyped = decodeGraph(proto);
  const inputs = proto.input
    .filter(({ name }) => untyped.initializers[name] === undefined)
    .map((info) => decodeInput(info, options.batch ?? 1));
  const graph = withTypes({ ...untyped, inputs });
  verify(graph);
  return graph;
}

/** All but inputs and types; bodies have no inputs. */
function decodeGraph(proto: GraphProto): Graph {
  const initializers = Object.fromEntries(proto.initializer.map((tensor) => [tensor.name, decodeTensor(tensor, tensor.name)]));
  const { nodes, constants } = splitConstants(decodeNodes(proto, initializers));
  const outputs = proto.output.map(({ name }) => name);
  return { name: proto.name, inputs: [], outputs, initializers: { ...initializers, ...constants }, nodes, types: {} };
}

/** Whether what a file computes with depends on its input: a node of it has graphs to choose from. */
export function hasBranches(bytes: Uint8Array): boolean {
  const { graph } = parse(bytes);
  return graph !== undefined && graphsIn(graph).length > 1;
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
  const graphs = graphsIn(proto);
  if (graphs.some(({ sparseInitializer }) => sparseInitializer.length > 0))
    throw new NasError('ONNX_SPARSE', 'sparse initializers are not supported');
  const unknown = graphs.flatMap(({ node }) => node).filter((node) => !isKnownOp({ op: node.opType, domain: domainOf(node) }));
  if (unknown.length === 0) return;
  const names = [...new Set(unknown.map((node) => `${domainOf(node)}${domainOf(node) && ':'}${node.opType}`))].sort();
  throw new NasError('ONNX_OPS', `the model uses ops that are not supported: ${names.join(', ')}`, { facts: { ops: names } });
}

/** A graph and those in the attributes of its nodes. */
const graphsIn = (proto: GraphProto): GraphProto[] => [
  proto,
  ...proto.node.flatMap(({ attribute }) => attribute.flatMap(({ g }) => (g ? graphsIn(g) : []))),
];

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
    const attributes = Object.fromEntries(
      node.attribute.map((attribute) => [attribute.name, decodeAttribute(attribute, decodeGraph)]),
    );
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

function withTypes(graph: Graph): Graph {
  const types: Record<string, TensorType> = {};
  const scope: Scope = { typeOf: (name) => types[name], constantOf: (name) => graph.initializers[name] };
  for (const { name, type } of graph.inputs) types[name] = type;
  for (const [name, { dtype, shape }] of Object.entries(graph.initializers)) types[name] = { dtype, shape };
  const nodes = graph.nodes.map((untyped) => {
    const node = mapBodies(untyped, (body) => inScope(body, scope));
    const inferred = inferNode(node, scope);
    node.outputs.forEach((output, i) => {
      if (output !== '') types[output] = inferred[i]!;
    });
    return node;
  });
  return { ...graph, nodes, types };
}
