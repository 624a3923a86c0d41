import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { NasError } from '../../../core/errors.ts';
import { mapBodies } from '../bodies.ts';
import { inferNode, inScope, type Scope } from '../builder.ts';
import type { Graph, GraphInput, Node, Tensor, TensorType } from '../graph.ts';
import { type GraphProto, type ModelProto, ModelProtoSchema, type NodeProto, type ValueInfoProto } from '../onnx_pb.ts';
import { isKnownOp, ops } from '../ops/index.ts';
import { verify } from '../verify.ts';
import { decodeAttribute } from './attributes.ts';
import { composedOps, decomposed } from './composed.ts';
import { foldNode, onlyFolded } from './fold.ts';
import { checkOlder, fromOlder } from './older.ts';
import { opsetOf, toOpset17 } from './opset.ts';
import { decodeTensor, dtypeOf } from './tensors.ts';

export interface DecodeOptions {
  /** Size of a first dimension that the file leaves open; 1 where left out. */
  readonly batch?: number;
  /** Replaces nodes that compute constants (shapes, above all) by what they give, and composed ones by what they are made of. */
  readonly fold?: boolean;
}

/**
 * The bytes of an ONNX file (opset 7 to 23) as a graph of opset 17. Constant nodes become initializers.
 *
 * @throws NasError with a code ONNX_…: PARSE (no ONNX file), OPSET, OPS (unknown ops, all of them listed), FUNCTIONS,
 * SPARSE, EXTERNAL_DATA, SHAPE (an input without a fixed shape), TYPE, ATTRIBUTE, TENSOR; IR_INVALID where the graph
 * contradicts itself.
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): Graph {
  const model = parse(bytes);
  const proto = model.graph;
  if (!proto) throw new NasError('ONNX_PARSE', 'the model has no graph');
  const opset = opsetOf(model);
  const { batch = 1, fold = false } = options;
  refuseUnsupported(model, proto, fold ? new Set([...onlyFolded, ...composedOps]) : new Set());
  const untyped = decodeGraph(proto, opset);
  const inputs = proto.input
    .filter(({ name }) => untyped.initializers[name] === undefined)
    .map((info) => decodeInput(info, batch));
  const graph = withTypes({ ...untyped, inputs }, fold);
  checkOlder(graph, opset);
  verify(graph);
  return graph;
}

/** All but inputs and types; bodies have no inputs. */
function decodeGraph(proto: GraphProto, opset: number): Graph {
  const initializers = Object.fromEntries(proto.initializer.map((tensor) => [tensor.name, decodeTensor(tensor, tensor.name)]));
  const { nodes, constants } = splitConstants(decodeNodes(proto, opset, initializers));
  const outputs = proto.output.map(({ name }) => name);
  return { name: proto.name, inputs: [], outputs, initializers: { ...initializers, ...constants }, nodes, types: {} };
}

/** Whether what a file computes with depends on its input: a node of it has graphs to choose from. */
export function hasBranches(bytes: Uint8Array): boolean {
  const { graph } = parse(bytes);
  return graph !== undefined && graphsIn(graph).length > 1;
}

function decodeBody(proto: GraphProto, opset: number): Graph {
  const body = decodeGraph(proto, opset);
  return { ...body, nodes: body.nodes.map((node) => toOpset17(node, body.initializers)) };
}

/** Values are kept by name in plain objects, which know some names of their own. */
function refuseReservedNames({ input, output, initializer, node }: GraphProto): void {
  const own = [...input, ...output, ...initializer].map(({ name }) => name);
  const names = own.concat(node.flatMap((each) => [...each.input, ...each.output]));
  const reserved = names.find((name) => name in Object.prototype);
  if (reserved !== undefined)
    throw new NasError('ONNX_NAME', `no value may be called "${reserved}"`, { facts: { name: reserved } });
}

/** Parses and writes a file again, without a look at what it means: the bytes stay as they were. */
export const roundTrip = (bytes: Uint8Array): Uint8Array => toBinary(ModelProtoSchema, parse(bytes));

/** The file as a message. @throws NasError ONNX_PARSE */
export function parse(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new NasError('ONNX_PARSE', `this is no ONNX file: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

function refuseUnsupported(model: ModelProto, proto: GraphProto, replaced: ReadonlySet<string>): void {
  if (model.functions.length > 0) throw new NasError('ONNX_FUNCTIONS', 'models with functions are not supported; inline them');
  const graphs = graphsIn(proto);
  if (graphs.some(({ sparseInitializer }) => sparseInitializer.length > 0))
    throw new NasError('ONNX_SPARSE', 'sparse initializers are not supported');
  const isKnown = (node: NodeProto) =>
    isKnownOp({ op: node.opType, domain: domainOf(node) }) || (domainOf(node) === '' && replaced.has(node.opType));
  const unknown = graphs.flatMap(({ node }) => node).filter((node) => !isKnown(node));
  if (unknown.length > 0) throw unknownOps(unknown);
  for (const graph of graphs) refuseReservedNames(graph);
}

/** A graph and those in the attributes of its nodes. */
const graphsIn = (proto: GraphProto): GraphProto[] => [
  proto,
  ...proto.node.flatMap(({ attribute }) => attribute.flatMap(({ g }) => (g ? graphsIn(g) : []))),
];

/** Nodes that an error names at most. */
const mostNamed = 10;

function unknownOps(unknown: readonly NodeProto[]): NasError {
  const first = new Map(unknown.toReversed().map((node) => [`${domainOf(node)}${domainOf(node) && ':'}${node.opType}`, node]));
  const names = [...first.keys()].sort();
  const found = names
    .slice(0, mostNamed)
    .map((name) => `${name.slice(0, 60)} (node "${nameOf(first.get(name)!).slice(0, 100)}")`);
  // Of a network that is given to us: what nothing can be trained through is refused later.
  const known = ops.flatMap(({ op, domain, grad }) => (domain === '' && grad !== 'forbidden' ? [op] : [])).sort();
  const message = `the model uses ops that are not supported: ${found.join(', ')}. Known: ${known.join(', ')}.`;
  return new NasError('ONNX_OPS', message, { facts: { ops: names.slice(0, mostNamed) } });
}

const nameOf = (node: NodeProto) => node.name || node.output.find((output) => output !== '') || node.opType;

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
function decodeNodes(proto: GraphProto, opset: number, initializers: Record<string, Tensor>): readonly Node[] {
  const names = new Set<string>();
  const unique = (wish: string) => {
    let name = wish;
    for (let n = 2; names.has(name); n++) name = `${wish}_${n}`;
    names.add(name);
    return name;
  };
  return proto.node.map((node) => {
    const outputs = [...node.output];
    const name = unique(nameOf(node));
    const attributes = Object.fromEntries(
      node.attribute.map((attribute) => [attribute.name, decodeAttribute(attribute, (body) => decodeBody(body, opset))]),
    );
    const decoded: Node = { op: node.opType, domain: domainOf(node), name, inputs: [...node.input], outputs, attributes };
    const addConstant = (wish: string, value: Tensor) => {
      const constant = unique(wish);
      initializers[constant] = value;
      return constant;
    };
    return fromOlder(decoded, opset, addConstant);
  });
}

function splitConstants(nodes: readonly Node[]): { nodes: readonly Node[]; constants: Record<string, Tensor> } {
  const constants: Record<string, Tensor> = {};
  const rest = nodes.filter((node) => {
    const isConstant = node.op === 'Constant' && node.domain === '';
    const value = isConstant ? toOpset17(node, {}).attributes['value'] : undefined;
    if (value?.kind === 'tensor') constants[node.outputs[0]!] = value.value;
    return value?.kind !== 'tensor';
  });
  return { nodes: rest, constants };
}

/** Walks the nodes in their order: each as opset 17 writes it, every type inferred. */
function withTypes(graph: Graph, fold: boolean): Graph {
  const types: Record<string, TensorType> = {};
  const initializers: Record<string, Tensor> = { ...graph.initializers };
  const scope: Scope = { typeOf: (name) => types[name], constantOf: (name) => initializers[name] };
  for (const { name, type } of graph.inputs) types[name] = type;
  for (const [name, { dtype, shape }] of Object.entries(initializers)) types[name] = { dtype, shape };
  const constant = (wish: string, value: Tensor) => {
    [initializers[wish], types[wish]] = [value, { dtype: value.dtype, shape: value.shape }];
    return wish;
  };
  const infer = (node: Node): readonly Node[] => {
    const value = fold ? foldNode(node, scope) : undefined;
    if (value) initializers[node.outputs[0]!] = value;
    const inferred = value ? [value] : inferNode(node, scope);
    node.outputs.forEach((name, i) => {
      const type = inferred[i];
      if (name === '' || !type) return;
      checkShape(node, type);
      types[name] = { dtype: type.dtype, shape: type.shape };
    });
    return value ? [] : [node];
  };
  const nodes = graph.nodes.flatMap((written) => {
    const node = mapBodies(toOpset17(written, initializers), (body) => inScope(body, scope));
    const parts = fold ? decomposed(node, { typeOf: (name) => types[name], constant }) : [node];
    return parts.flatMap(infer);
  });
  return { ...graph, initializers, nodes, types };
}

function checkShape({ name, op }: Node, { shape }: TensorType): void {
  if (shape.every((size) => Number.isSafeInteger(size) && size >= 0)) return;
  throw new NasError('IR_SHAPE', `node "${name}" (${op}): its output would have the shape [${shape.join()}]`, {
    facts: { node: name },
  });
}
