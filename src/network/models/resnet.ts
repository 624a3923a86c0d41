import { z } from 'zod';
import { Builder } from '../ir/builder.ts';
import type { Graph } from '../ir/graph.ts';
import { defineModel, type ModelTarget } from './family.ts';
import { convBn, dense } from './layers.ts';

const defaultDepth = 20;

const resnetSchema = z
  .strictObject({
    family: z.literal('resnet').describe('Residual network of basic blocks for small images.'),
    depth: z
      .int()
      .min(2)
      .max(206)
      .optional()
      .describe(
        `Layers with weights: 6n+2 for three stages of n blocks (8, 14, 20 …). Default ${defaultDepth}, unless blocks is given.`,
      ),
    blocks: z
      .array(z.int().min(1).max(50))
      .min(1)
      .optional()
      .describe('Residual blocks per stage; instead of depth where the stages differ.'),
    widths: z.array(z.int().min(1)).min(1).default([16, 32, 64]).describe('Channels per stage.'),
    stemStride: z.literal([1, 2]).default(1).describe('Stride of the first convolution; 2 halves the image at once.'),
  })
  .superRefine((spec, context) => {
    const problem = contradiction(spec);
    if (problem) context.addIssue({ code: 'custom', path: [problem.key], message: problem.message, input: spec[problem.key] });
  });

type ResnetSpec = z.output<typeof resnetSchema>;

function contradiction({
  depth,
  blocks,
  widths,
}: Omit<ResnetSpec, 'family'>): { key: 'depth' | 'blocks'; message: string } | undefined {
  const stages = widths.length;
  // That alone is said of an empty list.
  if (stages === 0) return undefined;
  if (blocks && blocks.length !== stages) {
    return { key: 'blocks', message: `blocks lists ${blocks.length} stages, widths ${stages}: give both the same length` };
  }
  const layers = blocks && 2 * blocks.reduce((sum, count) => sum + count, 0) + 2;
  if (depth !== undefined && layers !== undefined && depth !== layers) {
    return {
      key: 'depth',
      message: `depth ${depth} contradicts blocks [${(blocks ?? []).join(', ')}], which make depth ${layers}: leave one of them out`,
    };
  }
  const n = ((depth ?? defaultDepth) - 2) / (2 * stages);
  if (!blocks && (!Number.isInteger(n) || n < 1)) {
    const fits = [1, 2, 3].map((count) => 2 * stages * count + 2).join(', ');
    return {
      key: 'depth',
      message: `depth ${depth ?? defaultDepth} does not give ${stages} equal stages: take ${fits} … or write blocks instead`,
    };
  }
  return undefined;
}

/** Blocks of each stage. */
function blocksOf({ depth = defaultDepth, blocks, widths }: ResnetSpec): readonly number[] {
  return blocks ?? widths.map(() => (depth - 2) / (2 * widths.length));
}

/**
 * ResNet for small images (He et al. 2015, Deep Residual Learning, §4.2): a 3×3 stem, stages of basic blocks that
 * halve the image from the second on, global average pooling and one dense layer. Where a block changes the shape its
 * shortcut is a projection (1×1 convolution with BatchNormalization, option B).
 */
function buildResnet(spec: ResnetSpec, { shape, classes, batch, seed }: ModelTarget): Graph {
  const b = new Builder('resnet');
  const input = b.input('x', { dtype: 'float32', shape: [batch, ...shape] });
  let x = b.op(
    'Relu',
    [convBn(b, seed, 'stem', input, spec.widths[0]!, { kernel: 3, stride: spec.stemStride })],
    {},
    { name: 'stem.relu' },
  );
  blocksOf(spec).forEach((count, stage) => {
    for (let block = 0; block < count; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      x = basicBlock(b, seed, `stage${stage + 1}.block${block + 1}`, x, spec.widths[stage]!, stride);
    }
  });
  const pooled = b.op('GlobalAveragePool', [x], {}, { name: 'pool' });
  const features = b.op('Flatten', [pooled], {}, { name: 'flatten' });
  return b.build([dense(b, seed, 'dense', features, classes, 'logits')]);
}

/** x: [N,C,H,W] → [N, channels, H/stride, W/stride]. */
function basicBlock(b: Builder, seed: string | undefined, name: string, x: string, channels: number, stride: number): string {
  const first = convBn(b, seed, `${name}.conv1`, x, channels, { kernel: 3, stride });
  const middle = b.op('Relu', [first], {}, { name: `${name}.conv1.relu` });
  const second = convBn(b, seed, `${name}.conv2`, middle, channels, { kernel: 3 });
  const same = stride === 1 && b.shape(x)[1] === channels;
  const shortcut = same ? x : convBn(b, seed, `${name}.shortcut`, x, channels, { kernel: 1, stride });
  const sum = b.op('Add', [second, shortcut], {}, { name: `${name}.add` });
  return b.op('Relu', [sum], {}, { name: `${name}.relu` });
}

export const resnet = defineModel({
  name: 'resnet',
  summary: 'Residual network for small images (He et al. 2015): depth or blocks per stage, widths.',
  schema: resnetSchema,
  build: buildResnet,
});
