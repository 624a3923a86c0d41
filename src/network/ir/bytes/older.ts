import { NasError } from '../../../core/errors.ts';
import type { Attribute, Graph, Node, Tensor } from '../graph.ts';
import { tensorOf } from '../graph.ts';
import { readInt } from '../ops/support/attributes.ts';

/** Gives a constant a name that nothing else has. */
type AddConstant = (wish: string, value: Tensor) => string;

type Rewrite = (node: Node, add: AddConstant) => Node;

/** A node of an opset from 7 to 12 as opset 13 writes it: numbers that were attributes then are inputs now. */
export function fromOlder(node: Node, version: number, add: AddConstant): Node {
  const rule = node.domain === '' ? rules[node.op] : undefined;
  return rule && version < rule.until ? rule.rewrite(node, add) : node;
}

/**
 * Before opset 13 Softmax ran over all axes from its own on; that means the same where this is the last one.
 * @throws NasError ONNX_OPSET
 */
export function checkOlder({ nodes, types }: Graph, version: number): void {
  if (version >= 13) return;
  for (const node of nodes) {
    if (node.domain !== '' || !['Softmax', 'LogSoftmax'].includes(node.op)) continue;
    const last = types[node.inputs[0]!]!.shape.length - 1;
    const axis = readInt(node, 'axis', 1);
    if (axis === last || axis === -1) continue;
    const message = `node "${node.name}" (${node.op}) runs over several axes, as opset ${version} means it; convert the model to opset 13`;
    throw new NasError('ONNX_OPSET', message, { facts: { node: node.name } });
  }
}

const without = (node: Node, names: readonly string[]): Node['attributes'] =>
  Object.fromEntries(Object.entries(node.attributes).filter(([name]) => !names.includes(name)));

/** Attributes become inputs from position 1 on; those that are missing leave theirs open. */
const toInputs =
  (...names: string[]): Rewrite =>
  (node, add) => {
    if (node.inputs.length > 1) return node;
    const inputs = names.map((name) => {
      const value = node.attributes[name] && tensorIn(node.attributes[name]);
      return value ? add(`${node.name}.${name}`, value) : '';
    });
    while (inputs.at(-1) === '') inputs.pop();
    return { ...node, inputs: [node.inputs[0]!, ...inputs], attributes: without(node, names) };
  };

function tensorIn(attribute: Attribute): Tensor | undefined {
  if (attribute.kind === 'ints') return tensorOf('int64', [attribute.value.length], attribute.value);
  return attribute.kind === 'float' ? tensorOf('float32', [], [attribute.value]) : undefined;
}

const withoutAttributes =
  (...names: string[]): Rewrite =>
  (node) => ({ ...node, attributes: without(node, names) });

const withAxis: Rewrite = (node) => ({ ...node, attributes: { axis: { kind: 'int', value: 1 }, ...node.attributes } });

/** By op: how it is rewritten before an opset. */
const rules: Readonly<Record<string, { readonly until: number; readonly rewrite: Rewrite }>> = {
  Squeeze: { until: 13, rewrite: toInputs('axes') },
  Unsqueeze: { until: 13, rewrite: toInputs('axes') },
  ReduceSum: { until: 13, rewrite: toInputs('axes') },
  Split: { until: 13, rewrite: toInputs('split') },
  Softmax: { until: 13, rewrite: withAxis },
  LogSoftmax: { until: 13, rewrite: withAxis },
  Dropout: { until: 12, rewrite: withoutAttributes('ratio') },
  Clip: { until: 11, rewrite: toInputs('min', 'max') },
  Pad: { until: 11, rewrite: toInputs('pads', 'value') },
  Slice: { until: 10, rewrite: toInputs('starts', 'ends', 'axes') },
  BatchNormalization: { until: 9, rewrite: withoutAttributes('spatial') },
};
