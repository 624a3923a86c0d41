import type { WebFacts } from '../facts.ts';

/** Of what the eye sees of red, green and blue (ITU-R BT.601), where the network takes one channel. */
const luma = [0.299, 0.587, 0.114] as const;

/**
 * Pixels as a canvas has them (RGBA, row by row) → what the network was trained on: [1, C, H, W], (pixel / 255 − mean) / std.
 * `swap` turns light into dark first.
 */
export function tensorOf(pixels: ArrayLike<number>, { shape, mean, std }: WebFacts['input'], swap: boolean): Float32Array {
  const [channels, height, width] = shape;
  const data = new Float32Array(channels * height * width);
  for (let place = 0; place < height * width; place++) {
    for (let channel = 0; channel < channels; channel++) {
      const value = channelOf(pixels, 4 * place, channels === 1 ? undefined : channel);
      const pixel = swap ? 255 - value : value;
      data[channel * height * width + place] = (pixel / 255 - mean[channel]!) / std[channel]!;
    }
  }
  return data;
}

function channelOf(pixels: ArrayLike<number>, at: number, channel: number | undefined): number {
  if (channel !== undefined) return pixels[at + channel]!;
  return Math.round(luma.reduce((sum, share, i) => sum + share * pixels[at + i]!, 0));
}

/** Logits → shares that sum to 1. */
export function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const most = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
