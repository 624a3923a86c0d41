import type { AttributeInput, Builder } from '../../../ir/builder.ts';
import type { Graph, Node, Shape } from '../../../ir/graph.ts';
import { elementCount } from '../../../ir/graph.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import { readersOf } from '../../../ir/rebuild.ts';

/**
 * A convolution on blocked operands that is not emitted yet. A reader may add its own work to it: a value that is added
 * (`sum`), an activation. The names of its operands are names of emitted, blocked values.
 */
export interface ConvCall {
  readonly x: string;
  readonly weight: string;
  readonly bias?: string;
  readonly sum?: string;
  readonly attributes: Readonly<Record<string, AttributeInput>>;
  /** Of the result, if the operands are reshaped views of the value: [N,C,H,W]. */
  readonly shape: Shape;
}

/** A value as one number per channel times another value, neither multiplied out nor emitted yet. */
interface ScaledCall {
  /** A blocked vector of the value's channels. */
  readonly factor: string;
  readonly conv: ConvCall;
}

/**
 * What a rule made of one output of its node: its plain form, its blocked form, the convolution that gives the latter, or
 * that convolution with a factor per channel still to come.
 */
export type Result = { readonly plain: string } | { readonly blocked: string } | { readonly conv: ConvCall } | ScaledCall;

/**
 * The forms in which each value of the graph is there: plain under its own name, blocked under another one. A form that is
 * asked for and not there is made from the other, once. Blocked values have channels in whole blocks; those beyond the
 * value's own hold zeros, always.
 */
export class Layouts {
  readonly b: Builder;
  readonly block: number;
  private readonly graph: Graph;
  private readonly blockedNames = new Map<string, string>();
  private readonly calls = new Map<string, ConvCall>();
  private readonly scaled = new Map<string, ScaledCall>();
  private readonly memo = new Map<string, string>();
  private readonly readers: ReadonlyMap<string, readonly Node[]>;

  constructor(b: Builder, block: number, graph: Graph) {
    this.b = b;
    this.block = block;
    this.graph = graph;
    this.readers = readersOf(graph);
  }

  /** The shape of a value of the graph. */
  shape(value: string): Shape {
    return this.graph.types[value]!.shape;
  }

  /** Channels in whole blocks. */
  padded(channels: number): number {
    return Math.ceil(channels / this.block) * this.block;
  }

  paddedShape(value: string): Shape {
    const shape = this.shape(value);
    return shape.with(1, this.padded(shape[1]!));
  }

  /** Whether all the channels of a value are its own. */
  isWhole(value: string): boolean {
    return this.shape(value)[1]! % this.block === 0;
  }

  /** Whether a value could be blocked: [N,C,H,W] of numbers. */
  isImage(value: string): boolean {
    const type = this.graph.types[value];
    return type?.dtype === 'float32' && type.shape.length === 4;
  }

  isBlocked(value: string): boolean {
    return this.blockedNames.has(value) || this.calls.has(value) || this.scaled.has(value);
  }

  /** The convolution that gives a value, where it waits and only one node is interested in it. */
  waiting(value: string): ConvCall | undefined {
    const readers = this.readers.get(value) ?? [];
    const once = readers.length === 1 && readers[0]!.inputs.filter((input) => input === value).length === 1;
    return once && !this.graph.outputs.includes(value) ? this.calls.get(value) : undefined;
  }

  /** The value in its plain form: its own name. */
  plain(value: string): string {
    if (value !== '' && !this.b.types[value]) this.takeName(toPlain(this, this.blocked(value), this.shape(value)), value);
    return value;
  }

  /** The name of the value's blocked form. */
  blocked(value: string): string {
    const known = this.blockedNames.get(value);
    if (known) return known;
    const name = this.makeBlocked(value);
    this.blockedNames.set(value, name);
    return name;
  }

  private makeBlocked(value: string): string {
    if (this.scaled.has(value)) {
      const { rest, factor } = this.unscaled(value);
      return this.emit(perChannel(this.b, rest, factor!), value);
    }
    const call = this.calls.get(value);
    this.calls.delete(value);
    return call ? this.emit(call, value) : toBlocked(this, value);
  }

  /**
   * The value as factor · rest, for a reader that is linear in it and has fewer numbers to multiply: `rest` is blocked, the
   * factor a vector of the padded channels. Without a factor the rest is the value.
   */
  unscaled(value: string): { readonly rest: string; readonly factor?: string } {
    const scaled = this.scaled.get(value);
    if (!scaled) return { rest: this.blocked(value) };
    return { rest: this.once(`rest of ${value}`, () => this.emit(scaled.conv, `${value}/rest`)), factor: scaled.factor };
  }

  /** Notes what a rule made of an output. */
  define(value: string, result: Result): void {
    if ('plain' in result) this.takeName(result.plain, value);
    else if ('blocked' in result) this.blockedNames.set(value, result.blocked);
    else if ('factor' in result) this.scaled.set(value, result);
    else this.calls.set(value, result.conv);
  }

  /** What `make` gives for the key, made once. */
  once(key: string, make: () => string): string {
    const name = this.memo.get(key) ?? make();
    this.memo.set(key, name);
    return name;
  }

  private emit({ x, weight, bias, sum, attributes, shape }: ConvCall, value: string): string {
    const inputs = [x, weight, ...(bias || sum ? [bias ?? ''] : []), ...(sum ? [sum] : [])];
    const options = { domain: nchwc, name: `${value}/blocked` };
    return reshape(this.b, this.b.op('Conv', inputs, attributes, options), shape);
  }

  /** Gives a value its plain name. */
  private takeName(made: string, value: string): void {
    const maker = this.b.nodes.findLastIndex((node) => node.outputs.includes(made));
    if (maker >= 0 && this.graph.types[made] === undefined) this.b.rename(made, value, maker);
    else this.b.op('Identity', [made], {}, { name: value });
  }
}

export const nchwc = 'com.microsoft.nchwc';

/** x · factor + offset, the vectors per channel, as a depthwise 1×1 convolution. */
export function perChannel(b: Builder, x: string, factor: string, offset?: string): ConvCall {
  const shape = b.shape(x);
  const channels = shape[1]!;
  return {
    x,
    weight: reshape(b, factor, [channels, 1, 1, 1]),
    ...(offset === undefined ? {} : { bias: offset }),
    attributes: { kernel_shape: [1, 1], group: channels },
    shape,
  };
}

/**
 * Whether a convolution with weights of this shape [K,C,kh,kw] reads a value faster in its plain form, channel by channel, than in
 * blocks, though it must first be brought into it: where zeros are a quarter of its only block or more, and there are many taps.
 */
export const isNarrow = (layouts: Layouts, value: string, weight: Shape): boolean =>
  4 * layouts.shape(value)[1]! <= 3 * layouts.block && elementCount(weight.slice(2)) > 1;

function toBlocked(layouts: Layouts, value: string): string {
  const { b } = layouts;
  const [, c, h, w] = layouts.shape(value) as [number, number, number, number];
  const missing = layouts.padded(c) - c;
  const plain = layouts.plain(value);
  const whole = missing === 0 ? plain : b.op('Pad', [plain, b.ints([0, 0, 0, 0, 0, missing, 0, 0])]);
  if (h * w === 1) return whole; // one place: the order of the numbers is the same
  return b.op('ReorderInput', [whole], {}, { domain: nchwc, name: `${value}/blocked` });
}

export function toPlain({ b }: Layouts, blocked: string, shape: Shape): string {
  const channels = shape[1]!;
  if (elementCount(shape.slice(2)) > 1) return b.op('ReorderOutput', [blocked], { channels }, { domain: nchwc });
  return b.op('Slice', [blocked, b.ints([0]), b.ints([channels]), b.ints([1])]);
}

/** A vector [C] with zeros up to whole blocks. */
export function paddedVector(layouts: Layouts, vector: string): string {
  const { b } = layouts;
  const channels = b.shape(vector)[0]!;
  const missing = layouts.padded(channels) - channels;
  if (missing === 0) return vector;
  return layouts.once(`padded ${vector}`, () => b.op('Pad', [vector, b.ints([0, missing])]));
}

/** The first `channels` numbers of a vector. */
export function cutVector({ b }: Layouts, vector: string, channels: number): string {
  return b.shape(vector)[0] === channels ? vector : b.op('Slice', [vector, b.ints([0]), b.ints([channels]), b.ints([0])]);
}
