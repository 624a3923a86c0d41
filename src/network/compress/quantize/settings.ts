import type { Knobs, SettingsOf } from '../technique.ts';
import type { LayerEmission } from './emit.ts';
import { dynamicLayer, floatLayer, integerLayer, type LayerParameters } from './layers.ts';

/**
 * Weights stay in [−64, 64], half of what int8 holds. CPUs without VNNI instructions add two products uint8·int8 in 16
 * bits, which saturates: 2·255·127 > 32767, but 2·255·64 is not. A file must give the same answers on every CPU.
 *
 * Measured on such a CPU (AVX2) with a trained ResNet-8 (Fashion-MNIST, float accuracy .8734, relative error of the
 * logits against float): ±127 per channel, whose integer kernels differ by .12 from the same file computed in floats:
 * error .123, accuracy .8669; ±64: .029 and .8733, the kernels exact to .0006. uint8 weights do not saturate
 * (.018, .8738), but run 1.4 times slower, slower than float at batch 1. Sizes are equal.
 */
const weightLimit = 64;

export const knobs = {
  bits: {
    kind: 'choice',
    values: [2, 3, 4, 8, 32],
    default: 32,
    off: 32,
    summary: 'Bits of the weights in the file; 32 stays float.',
  },
  mode: {
    kind: 'choice',
    values: ['static', 'qat', 'dynamic', 'weight-only'],
    default: 'static',
    summary:
      'static: activations are 8-bit too, with ranges measured on calibration data. qat: the same, and training feels it. dynamic: with the range of every run (dense layers only). weight-only: they stay float.',
  },
  weights: {
    kind: 'choice',
    values: ['per-channel', 'per-tensor'],
    default: 'per-channel',
    summary: 'One scale for every output channel of the weights, or one for all: less accurate, a little smaller.',
  },
  group: {
    kind: 'number',
    min: 0,
    max: 4096,
    integer: true,
    default: 0,
    summary: 'weight-only: one scale for so many weights of a channel (rounded up to a divisor of their number); 0: for all.',
  },
  calibration: {
    kind: 'choice',
    values: ['minmax', 'percentile', 'entropy', 'mse'],
    default: 'minmax',
    summary:
      'static, qat: the range of the activations that the layer reads: all of it, 99.99 % of the numbers, least Kullback–Leibler divergence, least squared error.',
  },
  step: {
    kind: 'choice',
    values: ['learned', 'fixed'],
    default: 'learned',
    summary: 'qat: scales are trained as well, or stay as they were calibrated.',
  },
  bias: {
    kind: 'choice',
    values: ['kept', 'corrected'],
    default: 'kept',
    summary: 'static, dynamic, weight-only: take out of the bias what the rounded weights add on average.',
  },
  equalize: {
    kind: 'choice',
    values: [false, true],
    default: false,
    summary:
      'static, dynamic, weight-only: before ranges are measured, share out the scales of the channels between this layer and the one that reads it, which changes no answer; not where a ReLU6 lies between.',
  },
} as const satisfies Knobs;

export type Settings = SettingsOf<typeof knobs>;

/** What a mode is. */
interface Mode {
  /** Whether the layer reads and writes activations in integers of a fixed range. */
  readonly integerActivations: boolean;
  /** Whether it is trained as it will be quantized. */
  readonly simulated: boolean;
  /** Largest code of 8-bit weights. */
  readonly limit: number;
  readonly emission: (parameters: LayerParameters, inputScale: number) => LayerEmission;
  /** Knobs that mean nothing in it. */
  readonly idle: readonly (keyof Settings)[];
}

export const modes: Readonly<Record<Settings['mode'], Mode>> = {
  static: {
    integerActivations: true,
    simulated: false,
    limit: weightLimit,
    emission: integerLayer,
    idle: ['group', 'step'],
  },
  qat: {
    integerActivations: true,
    simulated: true,
    limit: weightLimit,
    emission: integerLayer,
    idle: ['weights', 'group', 'bias', 'equalize'],
  },
  dynamic: {
    integerActivations: false,
    simulated: false,
    limit: weightLimit,
    emission: dynamicLayer,
    idle: ['group', 'calibration', 'step'],
  },
  'weight-only': {
    integerActivations: false,
    simulated: false,
    limit: 127,
    emission: floatLayer,
    idle: ['calibration', 'step'],
  },
};

/** Largest code of a layer's weights; the smallest is its negative. */
export const limitOf = ({ bits, mode }: Settings): number => Math.min(modes[mode].limit, 2 ** (bits - 1) - 1);

/** The settings with knobs that mean nothing at their defaults. Groups are parts of channels. */
export function effective(settings: Settings): Settings {
  const own = { ...settings, ...Object.fromEntries(modes[settings.mode].idle.map((knob) => [knob, knobs[knob].default])) };
  return own.group > 0 ? { ...own, weights: knobs.weights.default } : own;
}
