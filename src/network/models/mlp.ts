import { z } from 'zod';
import { Builder } from '../ir/builder.ts';
import type { Graph } from '../ir/graph.ts';
import { defineModel, type ModelTarget } from './family.ts';
import { dense } from './layers.ts';

const mlpSchema = z.strictObject({
  family: z.literal('mlp').describe('Dense layers one after the other, for small images.'),
  widths: z.array(z.int().min(1)).min(1).default([512, 256]).describe('Neurons of each hidden layer.'),
});

type MlpSpec = z.output<typeof mlpSchema>;

/** The image as one row of numbers, hidden dense layers with ReLU, and one that gives the logits. */
function buildMlp({ widths }: MlpSpec, { shape, classes, batch, seed }: ModelTarget): Graph {
  const b = new Builder('mlp');
  const input = b.input('x', { dtype: 'float32', shape: [batch, ...shape] });
  let x = b.op('Flatten', [input], {}, { name: 'flatten' });
  for (const [i, width] of widths.entries()) {
    const name = `hidden${i + 1}`;
    x = b.op('Relu', [dense(b, seed, name, x, width, name)], {}, { name: `${name}.relu` });
  }
  return b.build([dense(b, seed, 'dense', x, classes, 'logits')]);
}

export const mlp = defineModel({
  name: 'mlp',
  summary: 'Multi-layer perceptron: dense layers with ReLU.',
  schema: mlpSchema,
  build: buildMlp,
});
