import { z } from 'zod';
import type { Catalog, Knob } from '../../../src/core/catalog.ts';
import { NasError } from '../../../src/core/errors.ts';
import type { ParseOptions, SpaceFile } from '../../../src/search/space/file/parse.ts';
import { parseSpace } from '../../../src/search/space/file/parse.ts';

/** A small world that stands for the network tower: two families, a recipe, two techniques on a residual network. */

const modelSchema = z.discriminatedUnion('family', [
  z.strictObject({
    family: z.literal('resnet').describe('Residual network.'),
    depth: z.int().min(2).describe('Layers.'),
    widths: z.array(z.int().min(1)).min(1).default([16, 32]).describe('Channels per stage.'),
  }),
  z.strictObject({ family: z.literal('plain').describe('Convolutions in a row.'), layers: z.int().min(1).describe('How many.') }),
]);

const dataSchema = z.strictObject({
  name: z.enum(['fashion-mnist', 'cifar-10']).describe('The set.'),
  validation: z.int().min(1).default(5000).describe('Images held out.'),
});

const recipeSchema = z.strictObject({
  epochs: z.number().positive().default(3).describe('Passes.'),
  learningRate: z.number().positive().default(0.1).describe('Highest rate.'),
  optimizer: z.enum(['sgd', 'adamw']).default('sgd').describe('Update rule.'),
  nesterov: z.boolean().default(true).describe('Look ahead.'),
  milestones: z.array(z.number()).default([]).describe('A list of its own, not a searched setting.'),
  augment: z
    .strictObject({ crop: z.int().min(0).default(0).describe('Pixels.') })
    .prefault({})
    .describe('Random changes.'),
});

export const sections = { model: modelSchema, data: dataSchema, recipe: recipeSchema };

const number = (min: number, max: number, rest: Partial<Extract<Knob, { kind: 'number' }>> = {}): Knob => ({
  kind: 'number',
  min,
  max,
  default: max,
  summary: 'A number.',
  ...rest,
});

export const catalog: Catalog = {
  layers: ['stem', 'stage1.block1.conv1', 'stage1.block1.conv2', 'stage2.block1.conv1', 'stage2.block1.conv2', 'dense'],
  recipe: {
    epochs: number(0.01, 100),
    learningRate: number(1e-6, 1, { default: 0.02 }),
    optimizer: { kind: 'choice', values: ['sgd', 'adamw'], default: 'sgd', summary: 'Update rule.' },
  },
  techniques: [
    {
      name: 'prune',
      trains: true,
      summary: 'Remove channels.',
      knobs: {
        keep: number(0, 1, { off: 1 }),
        importance: { kind: 'choice', values: ['l1', 'l2'], default: 'l1', summary: 'Norm.' },
        multiple: number(1, 64, { integer: true, default: 1 }),
      },
      sites: [
        { name: 'stem', layers: ['stem', 'stage1.block1.conv2'] },
        { name: 'stage1.block1.conv1', layers: ['stage1.block1.conv1'] },
        { name: 'stage2.block1.conv1', layers: ['stage2.block1.conv1'], allowed: { multiple: [1] } },
      ],
    },
    {
      name: 'quantize',
      summary: 'Fewer bits.',
      knobs: {
        bits: { kind: 'choice', values: [4, 8, 32], default: 32, off: 32, summary: 'Bits.' },
        symmetric: { kind: 'choice', values: [true, false], default: true, summary: 'Zero point at 0.' },
      },
      sites: ['stem', 'stage1.block1.conv1', 'stage1.block1.conv2', 'stage2.block1.conv1', 'stage2.block1.conv2', 'dense'].map(
        (name) => ({ name, layers: [name] }),
      ),
    },
  ],
  metrics: [
    { name: 'accuracy', summary: 'Share of right answers.', unit: 'fraction', better: 'maximize' },
    { name: 'size', summary: 'Bytes of the file.', unit: 'bytes', better: 'minimize' },
    { name: 'latencyMs', summary: 'Time of one image.', unit: 'ms', better: 'minimize' },
    { name: 'latencyRatio', summary: 'Against the baseline.', unit: 'ratio', better: 'minimize' },
    { name: 'macs', summary: 'Multiply-accumulates.', unit: 'count', better: 'minimize' },
    {
      name: 'nodes',
      summary: 'Of an operator.',
      unit: 'count',
      better: 'minimize',
      onDemand: true,
      of: { what: 'op', known: ['If', 'Relu'] },
    },
    { name: 'recall', summary: 'Of a class.', unit: 'fraction', better: 'maximize', onDemand: true, of: { what: 'class' } },
  ],
};

/** A model of depth 13 cannot be built, and only the model's builder knows. */
export const options: ParseOptions = {
  sections,
  catalogOf({ model }) {
    if ((model as { depth?: number }).depth === 13) throw new NasError('MODEL_DEPTH', 'depth 13 brings bad luck');
    return catalog;
  },
  controllers: ['random', 'evolution'],
  schedulers: ['none', 'asha'],
};

const goodParts = {
  model: 'model: { family: resnet, depth: 8 }',
  data: 'data: { name: fashion-mnist }',
  baseline: 'baseline: { epochs: 2 }',
  trial: 'trial: { epochs: 0.5 }',
  objectives: 'objectives: { accuracy: maximize, size: minimize }',
  constraints: 'constraints: ["accuracy >= 0.85"]',
  layers: 'layers:\n  - match: "*"\n    prune: { keep: [0.5, 1] }',
  search: 'search: { trials: 10 }',
};

/** A good file with some of its sections replaced; an empty text leaves a section out. */
export function spaceText(parts: Partial<typeof goodParts> = {}): string {
  return Object.values({ ...goodParts, ...parts })
    .filter((part) => part !== '')
    .join('\n');
}

export const parse = (text: string): SpaceFile => parseSpace(text, 'test.yaml', options);

/** What parsing throws; fails the test where it throws nothing, or something that is no NasError. */
export function errorOf(text: string): NasError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof NasError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}
