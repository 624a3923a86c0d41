import { bodiesOf } from './bodies.ts';
import type { Attribute, DType, Graph, Node, TensorType } from './graph.ts';
import { show } from './graph.ts';

const short: Readonly<Record<DType, string>> = {
  float32: 'f32',
  float64: 'f64',
  int64: 'i64',
  int32: 'i32',
  int16: 'i16',
  uint16: 'u16',
  int8: 'i8',
  uint8: 'u8',
  bool: 'bool',
};

/** Constants of at most this many values are written out. */
const shownValues = 8;

/**
 * A graph as text, one value a line: `%y: f32[8,16] = Conv(%x, %w) {pads=[1,1,1,1]}`; a node's bodies are indented below it.
 * For people and snapshots.
 */
export function print(graph: Graph): string {
  const type = (name: string) => typeText(graph.types[name]!);
  const inputs = graph.inputs.map(({ name }) => `%${name}: ${type(name)}`).join(', ');
  const initializers = Object.entries(graph.initializers).map(([name, { data }]) => {
    const values = data.length <= shownValues ? ` = [${Array.from(data, String).join(', ')}]` : '';
    return `  const %${name}: ${type(name)}${values}`;
  });
  const nodes = graph.nodes.map((node) => nodeText(node, type));
  const outputs = `  return ${graph.outputs.map((name) => `%${name}`).join(', ')}`;
  return [`${graph.name}(${inputs}) {`, ...initializers, ...nodes, outputs, '}'].join('\n');
}

export const typeText = ({ dtype, shape }: TensorType): string => `${short[dtype]}${show(shape)}`;

function nodeText(node: Node, type: (name: string) => string): string {
  const outputs = node.outputs.map((name) => (name === '' ? '_' : `%${name}: ${type(name)}`)).join(', ');
  const op = node.domain === '' ? node.op : `${node.domain}.${node.op}`;
  const inputs = node.inputs.map((name) => (name === '' ? '_' : `%${name}`)).join(', ');
  const attributes = Object.entries(node.attributes).map(([name, attribute]) => `${name}=${attributeText(attribute)}`);
  const own = `  ${outputs} = ${op}(${inputs})${attributes.length === 0 ? '' : ` {${attributes.join(', ')}}`}`;
  const bodies = bodiesOf(node).flatMap((body) => print(body).split('\n'));
  return [own, ...bodies.map((line) => `    ${line}`)].join('\n');
}

function attributeText(attribute: Attribute): string {
  switch (attribute.kind) {
    case 'int':
    case 'float':
      return String(attribute.value);
    case 'string':
      return JSON.stringify(attribute.value);
    case 'ints':
    case 'floats':
      return show(attribute.value);
    case 'strings':
      return JSON.stringify(attribute.value);
    case 'tensor':
      return typeText(attribute.value);
    case 'graph':
      return attribute.value.name;
  }
  attribute satisfies never;
  throw new TypeError('unknown attribute kind');
}
