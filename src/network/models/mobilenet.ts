import { z } from 'zod';
import { Builder } from '../ir/builder.ts';
import type { Graph } from '../ir/graph.ts';
import { defineModel, type ModelTarget } from './family.ts';
import { convBn, dense } from './layers.ts';

const mobilenetSchema = z
  .strictObject({
    family: z.literal('mobilenet').describe('Network of depthwise-separable blocks for small images.'),
    stem: z.int().min(1).default(32).describe('Channels of the first convolution, 3×3.'),
    stemStride: z.literal([1, 2]).default(1).describe('Stride of the first convolution; 2 halves the image at once.'),
    widths: z.array(z.int().min(1)).min(1).default([32, 64, 64, 128, 128, 128]).describe('Channels that each block gives.'),
    strides: z
      .array(z.literal([1, 2]))
      .min(1)
      .optional()
      .describe('Stride of each block; where left out, a block that gives more channels than it gets halves the image.'),
    expansion: z
      .int()
      .min(1)
      .optional()
      .describe('Inverted residual blocks that widen to so many times their channels in between; plain blocks where left out.'),
    activation: z.enum(['relu', 'relu6']).default('relu').describe('relu6 also cuts off above 6.'),
  })
  .superRefine(({ widths, strides }, context) => {
    if (!strides || strides.length === widths.length) return;
    const message = `strides lists ${strides.length} blocks, widths ${widths.length}: give both the same length`;
    context.addIssue({ code: 'custom', path: ['strides'], message, input: strides });
  });

type MobilenetSpec = z.output<typeof mobilenetSchema>;

/**
 * MobileNet for small images: a 3×3 stem, then blocks of a depthwise 3×3 and a pointwise 1×1 convolution (Howard et al.
 * 2017, MobileNets); with `expansion` inverted residuals with linear bottlenecks (Sandler et al. 2018, MobileNetV2); global
 * average pooling and one dense layer.
 */
function buildMobilenet(spec: MobilenetSpec, { shape, classes, batch, seed }: ModelTarget): Graph {
  const b = new Builder('mobilenet');
  const layers = new Layers(b, seed, spec.activation);
  const input = b.input('x', { dtype: 'float32', shape: [batch, ...shape] });
  let x = layers.conv('stem', input, spec.stem, { kernel: 3, stride: spec.stemStride });
  spec.widths.forEach((channels, i) => {
    const stride = spec.strides?.[i] ?? (channels > b.shape(x)[1]! ? 2 : 1);
    const block = { name: `block${i + 1}`, channels, stride };
    x = spec.expansion === undefined ? separable(layers, x, block) : inverted(layers, x, block, spec.expansion);
  });
  const pooled = b.op('GlobalAveragePool', [x], {}, { name: 'pool' });
  const features = b.op('Flatten', [pooled], {}, { name: 'flatten' });
  return b.build([dense(b, seed, 'dense', features, classes, 'logits')]);
}

interface Block {
  readonly name: string;
  readonly channels: number;
  readonly stride: number;
}

/** Depthwise, then pointwise. */
function separable(layers: Layers, x: string, { name, channels, stride }: Block): string {
  const filtered = layers.depthwise(`${name}.depthwise`, x, stride);
  return layers.conv(`${name}.pointwise`, filtered, channels, { kernel: 1 });
}

/** Widen, depthwise, narrow without activation; plus x where the shape stays. */
function inverted(layers: Layers, x: string, { name, channels, stride }: Block, expansion: number): string {
  const inputs = layers.b.shape(x)[1]!;
  const wide = expansion === 1 ? x : layers.conv(`${name}.expand`, x, inputs * expansion, { kernel: 1 });
  const filtered = layers.depthwise(`${name}.depthwise`, wide, stride);
  const narrow = convBn(layers.b, layers.seed, `${name}.project`, filtered, channels, { kernel: 1 });
  const same = stride === 1 && inputs === channels;
  return same ? layers.b.op('Add', [narrow, x], {}, { name: `${name}.add` }) : narrow;
}

/** Convolutions with BatchNormalization and the family's activation. */
class Layers {
  readonly b: Builder;
  readonly seed: string | undefined;
  private readonly activation: MobilenetSpec['activation'];

  constructor(b: Builder, seed: string | undefined, activation: MobilenetSpec['activation']) {
    this.b = b;
    this.seed = seed;
    this.activation = activation;
  }

  conv(name: string, x: string, channels: number, options: { kernel: number; stride?: number; group?: number }): string {
    const { b } = this;
    const y = convBn(b, this.seed, name, x, channels, options);
    const node = { name: `${name}.${this.activation}` };
    return this.activation === 'relu' ? b.op('Relu', [y], {}, node) : b.op('Clip', [y, b.scalar(0), b.scalar(6)], {}, node);
  }

  depthwise(name: string, x: string, stride: number): string {
    const channels = this.b.shape(x)[1]!;
    return this.conv(name, x, channels, { kernel: 3, stride, group: channels });
  }
}

export const mobilenet = defineModel({
  name: 'mobilenet',
  summary: 'Depthwise-separable network for small images (Howard et al. 2017), or inverted residuals (Sandler et al. 2018).',
  schema: mobilenetSchema,
  build: buildMobilenet,
});
