import { readFloat } from '../../../network/ir/ops/support/attributes.ts';
import { toNumbers } from '../../../network/ir/ops/support/shapes.ts';
import { add, mul } from '../schema.ts';
import type { Rule } from './rule.ts';

/** Of a trained network: a factor and a term for every channel, which lies last. */
const batchNormalization: Rule = (c, node) => {
  const [x, ...parameters] = node.inputs as [string, ...string[]];
  const { length: rank } = c.type(x).shape;
  if (rank === 3 || rank > 4) c.refuse(node, `runs over values of ${rank} dimensions`);
  const [gamma, beta, mean, variance] = parameters.map((name) => {
    const constant = c.constant(name);
    return constant ? toNumbers(constant) : c.refuse(node, 'has statistics that are no constants');
  }) as [number[], number[], number[], number[]];
  const epsilon = readFloat(node, 'epsilon', 1e-5);
  const factors = gamma.map((scale, i) => scale / Math.sqrt(variance[i]! + epsilon));
  const terms = beta.map((shift, i) => shift - mean[i]! * factors[i]!);
  const work = c.work(node, [x], { layout: rank === 4 ? 'last' : 'first' });
  const output = node.outputs[0]!;
  const constant = (name: string, values: readonly number[]) =>
    c.floats(`${output}/${name}`, { shape: [values.length], data: Float32Array.from(values) });
  const scaled = c.between(work, `${output}/scaled`, c.writer.shapeOf(work.output));
  c.writer.operator('MUL', [work.inputs[0]!, constant('factor', factors)], scaled, mul);
  c.writer.operator('ADD', [scaled, constant('term', terms)], work.output, add);
};

export const normalizationRules: Readonly<Record<string, Rule>> = { BatchNormalization: batchNormalization };
