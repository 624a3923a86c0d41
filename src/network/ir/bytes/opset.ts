import { NasError } from '../../../core/errors.ts';
import type { Attribute, Node, Tensor } from '../graph.ts';
import { tensorOf } from '../graph.ts';
import type { ModelProto } from '../onnx_pb.ts';
import { toNumbers } from '../ops/support/shapes.ts';

const [oldest, newest] = [7, 23];

/** The model's opset, one of those between which the ops that we know mean the same, but for what is rewritten here. */
export function opsetOf(model: ModelProto): number {
  const version = model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0n;
  if (version >= oldest && version <= newest) return Number(version);
  throw new NasError(
    'ONNX_OPSET',
    `the model is of opset ${version}; opsets ${oldest} to ${newest} are read. Convert it with ONNX's version converter.`,
    {
      facts: { opset: Number(version) },
    },
  );
}

/** A node as opset 17 writes it: what later opsets moved, renamed or added is put back. */
export function toOpset17(node: Node, initializers: Readonly<Record<string, Tensor>>): Node {
  if (node.domain !== '') return node;
  return rewrites[node.op]?.(node, initializers) ?? node;
}

type Rewrite = (node: Node, initializers: Readonly<Record<string, Tensor>>) => Node;

/** Opset 18 made the axes of reductions an input, and let there be none of them: then nothing is reduced. */
const reduction: Rewrite = (node, initializers) => {
  const { noop_with_empty_axes: idle, ...attributes } = node.attributes;
  const [x, name] = node.inputs as [string, string?];
  const tensor = name ? initializers[name] : undefined;
  if (name && !tensor) throw later(node, 'axes that are no constant');
  const axes = tensor ? toNumbers(tensor) : [];
  if (axes.length > 0) return { ...node, inputs: [x], attributes: { ...attributes, axes: { kind: 'ints', value: axes } } };
  const isIdle = idle?.kind === 'int' && idle.value !== 0 && !attributes['axes'];
  return isIdle ? { ...node, op: 'Identity', inputs: [x], attributes: {} } : { ...node, inputs: [x], attributes };
};

/** Opset 18 gave Pad an input for its axes. */
const pad: Rewrite = (node) => {
  if (node.inputs[3]) throw later(node, 'axes as an input');
  return node;
};

/** Leaves attributes out that opset 17 lacks, where they have the only value that opset 17 knows. */
const without =
  (only: Readonly<Record<string, number | undefined>>): Rewrite =>
  (node) => {
    const attributes = { ...node.attributes };
    for (const [name, value] of Object.entries(only)) {
      const attribute = attributes[name];
      if (value !== undefined && attribute?.kind === 'int' && attribute.value !== value)
        throw later(node, `${name} = ${attribute.value}`);
      delete attributes[name];
    }
    return { ...node, attributes };
  };

const numeric: Readonly<Record<string, (attribute: Attribute) => Tensor | undefined>> = {
  value_int: (a) => (a.kind === 'int' ? tensorOf('int64', [], [a.value]) : undefined),
  value_ints: (a) => (a.kind === 'ints' ? tensorOf('int64', [a.value.length], a.value) : undefined),
  value_float: (a) => (a.kind === 'float' ? tensorOf('float32', [], [a.value]) : undefined),
  value_floats: (a) => (a.kind === 'floats' ? tensorOf('float32', [a.value.length], a.value) : undefined),
};

/** Numbers as a tensor: one way of writing constants instead of five. */
const constant: Rewrite = (node) => {
  const [name, attribute] = Object.entries(node.attributes)[0] ?? ['', undefined];
  const value = attribute && numeric[name]?.(attribute);
  return value ? { ...node, attributes: { value: { kind: 'tensor', value } } } : node;
};

const rewrites: Readonly<Record<string, Rewrite>> = {
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceMin: reduction,
  ReduceSumSquare: reduction,
  Pad: pad,
  Split: without({ num_outputs: undefined }),
  Cast: without({ saturate: 1 }),
  QuantizeLinear: without({ saturate: 1, block_size: 0, output_dtype: 0 }),
  DequantizeLinear: without({ block_size: 0 }),
  Constant: constant,
};

const later = (node: Node, found: string) =>
  new NasError('ONNX_OPSET', `node "${node.name}" (${node.op}) uses ${found}, which opset 17 lacks`, {
    facts: { node: node.name },
  });
