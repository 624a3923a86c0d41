import { create } from '@bufbuild/protobuf';
import { NasError } from '../../../core/errors.ts';
import type { Attribute, Graph } from '../graph.ts';
import { type AttributeProto, AttributeProtoSchema, type GraphProto, AttributeProto_AttributeType as Kind } from '../onnx_pb.ts';
import { decodeTensor, encodeTensor } from './tensors.ts';

const text = { to: new TextEncoder(), from: new TextDecoder() };

/** `encodeBody` writes a graph. */
export function encodeAttribute(name: string, attribute: Attribute, encodeBody: (body: Graph) => GraphProto): AttributeProto {
  return create(AttributeProtoSchema, { name, ...fieldsOf(attribute, encodeBody) });
}

function fieldsOf(attribute: Attribute, encodeBody: (body: Graph) => GraphProto) {
  switch (attribute.kind) {
    case 'int':
      return { type: Kind.INT, i: BigInt(attribute.value) };
    case 'float':
      return { type: Kind.FLOAT, f: attribute.value };
    case 'string':
      return { type: Kind.STRING, s: text.to.encode(attribute.value) };
    case 'ints':
      return { type: Kind.INTS, ints: attribute.value.map(BigInt) };
    case 'floats':
      return { type: Kind.FLOATS, floats: [...attribute.value] };
    case 'strings':
      return { type: Kind.STRINGS, strings: attribute.value.map((value) => text.to.encode(value)) };
    case 'tensor':
      return { type: Kind.TENSOR, t: encodeTensor('', attribute.value) };
    case 'graph':
      return { type: Kind.GRAPH, g: encodeBody(attribute.value) };
  }
  attribute satisfies never;
  throw new TypeError('unknown attribute kind');
}

const strings = (bytes: Uint8Array) => text.from.decode(bytes);

const readers: Partial<Record<Kind, (proto: AttributeProto) => Attribute | undefined>> = {
  [Kind.INT]: ({ i }) => ({ kind: 'int', value: Number(i) }),
  [Kind.FLOAT]: ({ f }) => ({ kind: 'float', value: f }),
  [Kind.STRING]: ({ s }) => ({ kind: 'string', value: strings(s) }),
  [Kind.INTS]: ({ ints }) => ({ kind: 'ints', value: ints.map(Number) }),
  [Kind.FLOATS]: ({ floats }) => ({ kind: 'floats', value: [...floats] }),
  [Kind.STRINGS]: (proto) => ({ kind: 'strings', value: proto.strings.map(strings) }),
  [Kind.TENSOR]: ({ t, name }) => t && { kind: 'tensor', value: decodeTensor(t, name) },
};

/** `decodeBody` reads a graph. */
export function decodeAttribute(proto: AttributeProto, decodeBody: (body: GraphProto) => Graph): Attribute {
  if (proto.type === Kind.GRAPH && proto.g) return { kind: 'graph', value: decodeBody(proto.g) };
  const attribute = readers[proto.type]?.(proto);
  if (attribute) return attribute;
  const kind = Object.entries(Kind).find(([, value]) => value === proto.type)?.[0] ?? 'unknown';
  throw unsupported(proto.name, kind.toLowerCase());
}

const unsupported = (name: string, kind: string) =>
  new NasError('ONNX_ATTRIBUTE', `the attribute "${name}" is of kind ${kind}, which is not supported`, { facts: { name, kind } });
