import { toBinary } from '@bufbuild/protobuf';
import { allNodes, readsOf } from '../bodies.ts';
import type { Attribute, Attributes, Graph, Node, Tensor } from '../graph.ts';
import { AttributeProtoSchema, GraphProtoSchema } from '../onnx_pb.ts';
import { opEntry } from '../ops/index.ts';
import { freeBatch } from '../passes/with-batch.ts';
import { encodeAttribute } from './attributes.ts';
import { type EncodeOptions, encodeBody, encodeModel } from './encode.ts';

/**
 * The length of `encode(graph, options)` in bytes, counted instead of written: fields of the Protocol Buffers wire format
 * (https://protobuf.dev/programming-guides/encoding/) with their tags. The graph is not verified.
 */
export function encodedLength(graph: Graph, options: EncodeOptions = {}): number {
  const free = options.symbolicBatch !== undefined && holdsShapes(graph) ? freeBatch(graph) : graph;
  const { file, graph: empty } = frameOf(free, options);
  return file + domainsLength(free) - message(empty) + message(empty + contentLength(free));
}

/** Bytes of a file without nodes and initializers, and of the graph in it. */
interface Frame {
  readonly file: number;
  readonly graph: number;
}

const knownFrames = new WeakMap<EncodeOptions, Map<string, Frame>>();

/** Kept per options: candidates differ in what is between a network's inputs and outputs. */
function frameOf({ name, inputs, outputs, types }: Graph, options: EncodeOptions): Frame {
  const known = knownFrames.get(options) ?? new Map<string, Frame>();
  knownFrames.set(options, known);
  const ends = { name, inputs, outputs, types: Object.fromEntries(outputs.map((output) => [output, types[output]!])) };
  const key = JSON.stringify(ends);
  const before = known.get(key);
  if (before) return before;
  const { bytes, graph } = encodeModel({ ...ends, nodes: [], initializers: {} }, options);
  const frame = { file: bytes.length, graph: toBinary(GraphProtoSchema, graph).length };
  known.set(key, frame);
  return frame;
}

/** Imports of the op sets beside the standard one, each at version 1. */
function domainsLength(graph: Graph): number {
  const domains = new Set(allNodes(graph).map(({ domain }) => domain));
  domains.delete('');
  return sum([...domains], (domain) => message(text(domain) + tag + 1));
}

/** Whether a constant of the graph can hold the batch size: it is the shape of something that depends on the images. */
function holdsShapes(graph: Graph): boolean {
  const perImage = new Set(graph.inputs.map(({ name }) => name));
  return allNodes(graph).some((node) => {
    if (!readsOf(node).some((name) => perImage.has(name))) return false;
    for (const output of node.outputs) perImage.add(output);
    return opEntry(node).shapeInput !== undefined;
  });
}

/** Nodes and initializers. */
function contentLength({ nodes, initializers }: Graph): number {
  const tensors = sum(Object.entries(initializers), ([name, tensor]) => message(tensorLength(name, tensor)));
  return tensors + sum(nodes, (node) => message(nodeLength(node)));
}

/** As `encodeBody` writes it. */
const bodyLength = (body: Graph): number =>
  text(body.name) + contentLength(body) + sum(body.outputs, (name) => message(text(name)));

/** Bytes of a tag: the fields counted here have numbers below 16. */
const tag = 1;

/** Bytes of a varint that is not negative. */
function varint(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest /= 128) bytes++;
  return bytes;
}

/** A field of known length: a message, a text, bytes. */
const message = (length: number) => tag + varint(length) + length;

const text = (value: string) => message(Buffer.byteLength(value));

const sum = <T>(items: readonly T[], lengthOf: (item: T) => number) => items.reduce((total, item) => total + lengthOf(item), 0);

function nodeLength({ op, domain, name, inputs, outputs, attributes }: Node): number {
  return (
    text(op) +
    (domain === '' ? 0 : text(domain)) +
    text(name) +
    sum(inputs, text) +
    sum(outputs, text) +
    attributesLength(attributes)
  );
}

const known = new WeakMap<Attributes, number>();

/** Kept per object: passes hand the attributes of a node on as they are. */
function attributesLength(attributes: Attributes): number {
  const before = known.get(attributes);
  if (before !== undefined) return before;
  const length = sum(Object.entries(attributes), ([name, attribute]) => message(attributeLength(name, attribute)));
  known.set(attributes, length);
  return length;
}

function attributeLength(name: string, attribute: Attribute): number {
  if (attribute.kind === 'graph') return text(name) + message(bodyLength(attribute.value)) + typeLength;
  if (attribute.kind === 'int' && attribute.value >= 0) return text(name) + tag + varint(attribute.value) + typeLength;
  return toBinary(AttributeProtoSchema, encodeAttribute(name, attribute, encodeBody)).length;
}

/** The kind of an attribute: a field with a number above 15, whose tag takes two bytes. */
const typeLength = 3;

function tensorLength(name: string, { shape, data }: Tensor): number {
  const dataType = tag + 1;
  return dataType + text(name) + sum(shape, (size) => tag + varint(size)) + message(data.byteLength);
}
