import { create, toBinary } from '@bufbuild/protobuf';
import { NasError } from '../../../core/errors.ts';
import { allNodes } from '../bodies.ts';
import { dtypeCodes, type Graph, type Node, type TensorType } from '../graph.ts';
import {
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../onnx_pb.ts';
import { freeBatch } from '../passes/with-batch.ts';
import { verify } from '../verify.ts';
import { encodeAttribute } from './attributes.ts';
import { encodeTensor } from './tensors.ts';

export interface EncodeOptions {
  /** Version of the standard op set; 17 where left out. */
  readonly opset?: number;
  /** Writes the first dimension of inputs and outputs as this symbol, so that the file runs at any batch size. */
  readonly symbolicBatch?: string;
  /** Key-value pairs that travel with the model. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Name of the producing program; 'espalier' where left out. */
  readonly producer?: string;
}

/** The IR version of ONNX 1.12, the release that brought opset 17. */
const irVersion = 8n;

/**
 * A graph as the bytes of an ONNX file. Equal graphs give equal bytes. No types of inner values and no doc strings
 * are written: every byte counts in the size that is reported.
 *
 * @throws NasError IR_INVALID (the graph is broken), ONNX_DOMAIN (training ops that were not lowered), IR_BATCH
 * (symbolicBatch, but the graph is tied to its batch size).
 */
export function encode(graph: Graph, options: EncodeOptions = {}): Uint8Array {
  verify(graph);
  refuseTrainingOps(graph);
  return encodeModel(options.symbolicBatch === undefined ? graph : freeBatch(graph), options).bytes;
}

/** The file of a graph whose batch is free already, and the graph in it as a message. */
export function encodeModel(graph: Graph, options: EncodeOptions): { readonly bytes: Uint8Array; readonly graph: GraphProto } {
  const message = encodeGraph(graph, options.symbolicBatch);
  const model = create(ModelProtoSchema, {
    irVersion,
    opsetImport: opsets(graph, options.opset ?? 17),
    producerName: options.producer ?? 'espalier',
    graph: message,
    metadataProps: sorted(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
  });
  return { bytes: toBinary(ModelProtoSchema, model), graph: message };
}

function refuseTrainingOps(graph: Graph): void {
  const node = allNodes(graph).find(({ domain }) => domain === 'espalier');
  if (!node) return;
  throw new NasError('ONNX_DOMAIN', `node "${node.name}": ${node.op} is a training op; lower the graph before encoding it`, {
    facts: { node: node.name, op: node.op },
  });
}

/** The standard domain, then every other one that occurs, at version 1. */
function opsets(graph: Graph, version: number) {
  const others = [...new Set(allNodes(graph).map((node) => node.domain))].filter((domain) => domain !== '').sort();
  return [{ domain: '', version: BigInt(version) }, ...others.map((domain) => ({ domain, version: 1n }))];
}

function encodeGraph(graph: Graph, batch: string | undefined) {
  const size = graph.inputs[0]?.type.shape[0];
  const info = (name: string, type: TensorType) => encodeInfo(name, type, type.shape[0] === size ? batch : undefined);
  return create(GraphProtoSchema, {
    name: graph.name,
    input: graph.inputs.map(({ name, type }) => info(name, type)),
    output: graph.outputs.map((name) => info(name, graph.types[name]!)),
    initializer: Object.entries(graph.initializers).map(([name, tensor]) => encodeTensor(name, tensor)),
    node: graph.nodes.map(encodeNode),
  });
}

/** Types of the outputs are left out: whoever loads the file infers them. */
export const encodeBody = (body: Graph): GraphProto =>
  create(GraphProtoSchema, {
    name: body.name,
    output: body.outputs.map((name) => create(ValueInfoProtoSchema, { name })),
    initializer: Object.entries(body.initializers).map(([name, tensor]) => encodeTensor(name, tensor)),
    node: body.nodes.map(encodeNode),
  });

function encodeNode({ op, domain, name, inputs, outputs, attributes }: Node): NodeProto {
  return create(NodeProtoSchema, {
    opType: op,
    ...(domain === '' ? {} : { domain }),
    name,
    input: [...inputs],
    output: [...outputs],
    attribute: sorted(attributes).map(([key, attribute]) => encodeAttribute(key, attribute, encodeBody)),
  });
}

function encodeInfo(name: string, { dtype, shape }: TensorType, batch: string | undefined): ValueInfoProto {
  const sizes = shape.map((size, axis) =>
    axis === 0 && batch !== undefined
      ? { value: { case: 'dimParam' as const, value: batch } }
      : { value: { case: 'dimValue' as const, value: BigInt(size) } },
  );
  const tensor = { elemType: dtypeCodes[dtype], shape: { dim: sizes } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: tensor } } });
}

const sorted = <T>(record: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
