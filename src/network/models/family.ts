import type { z } from 'zod';
import type { Graph } from '../ir/graph.ts';

/** What a model is built for. */
export interface ModelTarget {
  /** Of one image. */
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly classes: number;
  /** Images of one run: the first dimension of every activation. */
  readonly batch: number;
  /** Root of the streams that the weights are drawn from; left out where only the structure is asked for: they are zeros then. */
  readonly seed?: string;
  /** Content of files that the user gave, by SHA-256; undefined where one is not kept. */
  readonly files?: (sha256: string) => Uint8Array | undefined;
}

/**
 * A family of networks: one file. `schema` checks what a space file says of it (strict, described, with defaults);
 * `build` makes the dense network in training form: Conv without bias, BatchNormalization not folded, input `x`
 * [batch, C, H, W], output `logits` [batch, classes]. A layer's node carries the layer's name; its weights are
 * `<layer>.weight`, its bias `<layer>.bias`, its BatchNormalization `<layer>.bn` with `<layer>.bn.scale` and so on.
 */
export interface ModelFamily<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly summary: string;
  readonly schema: Schema;
  build(spec: z.output<Schema>, target: ModelTarget): Graph;
}

/** Declares a family; keeps the type of its schema. */
export const defineModel = <Schema extends z.ZodType>(family: ModelFamily<Schema>): ModelFamily<Schema> => family;
