import { channelLine } from '../../batch-norm.ts';
import { add, mul } from '../schema.ts';
import type { Rule } from './rule.ts';

/** The channels lie last. */
const batchNormalization: Rule = (c, node) => {
  const [x, output] = [node.inputs[0]!, node.outputs[0]!];
  const { length: rank } = c.type(x).shape;
  if (rank === 3 || rank > 4) c.refuse(node, `runs over values of ${rank} dimensions`);
  const { factors, terms } = channelLine(
    node,
    (value) => c.constant(value) ?? c.refuse(node, 'has statistics that are no constants'),
  );
  const work = c.work(node, [x], { layout: rank === 4 ? 'last' : 'first' });
  const vector = (name: string, data: Float32Array) => c.floats(`${output}/${name}`, { shape: [data.length], data });
  const scaled = c.between(work, `${output}/scaled`, c.writer.shapeOf(work.output));
  c.writer.operator('MUL', [work.inputs[0]!, vector('factor', factors)], scaled, mul);
  c.writer.operator('ADD', [scaled, vector('term', terms)], work.output, add);
};

export const normalizationRules: Readonly<Record<string, Rule>> = { BatchNormalization: batchNormalization };
