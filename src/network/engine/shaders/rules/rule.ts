import { NasError } from '../../../../core/errors.ts';
import type { Node, Shape, Tensor } from '../../../ir/graph.ts';

/** What a rule sees of its node while a program is written. */
export interface RuleContext {
  readonly node: Node;
  /** Shapes of the inputs, [] for one that is left out. */
  readonly inputs: readonly Shape[];
  readonly outputs: readonly Shape[];
  /** The output that is asked for. */
  readonly output: number;
  readonly constants: readonly (Tensor | undefined)[];
  /** WGSL that reads one number of an input, at a place in its row-major order. */
  readonly at: (input: number, index: string) => string;
}

/**
 * A value whose numbers can be had one by one: WGSL statements that return number `i` (u32) of the output as f32.
 * view: another order of an input's numbers. point: arithmetic on a few numbers. loop: on many, so it is stored always.
 */
export interface Pointwise {
  readonly kind: 'view' | 'point' | 'loop';
  body(context: RuleContext): string;
  /** Inputs that it reads numbers of; all where left out. */
  readonly reads?: readonly number[];
}

/** Sums, or extremes, of `count` elements for each of the output's numbers. */
export interface Reduction {
  readonly kind: 'reduction';
  describe(context: RuleContext): ReductionPlan;
  readonly reads?: readonly number[];
}

export interface ReductionPlan {
  readonly how: 'sum' | 'max' | 'min';
  readonly count: number;
  /** Elements that follow each other lie beside each other in memory; else outputs do. */
  readonly along: 'elements' | 'outputs';
  /** WGSL statements that return element `r` of output `o`, both u32, as f32. */
  readonly body: string;
  /** Reductions of equal keys run over the same numbers of values of one shape, in the same order. */
  readonly geometry: string;
}

/** Products of matrices: out[batch, m, n] = Σ over k of a[batch, m, k] · b[batch, k, n]. */
export interface Product {
  readonly kind: 'product';
  describe(context: RuleContext): ProductPlan;
  readonly reads: readonly number[];
}

export interface ProductPlan {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Operand;
  readonly b: Operand;
  /** WGSL for the place of out[batch, m, n], of these three names (u32). */
  readonly place: string;
  /** From one row of the output to the next. */
  readonly rowStride: number;
  /** Columns of the output from a multiple of it on that lie in a row: a power of two, 16 at most. */
  readonly run: number;
}

/**
 * One of the matrices. Its line is m, or n. What depends on the line alone, or on the depth k alone, is computed once for
 * many numbers: WGSL statements that return a vec4i. The others are of these two, `l` and `d`.
 */
export interface Operand {
  /** Of the node. */
  readonly input: number;
  /** Neighbours in memory. */
  readonly along: 'line' | 'depth';
  /** Of `line`, u32. */
  readonly line: string;
  /** Of `k`, u32. */
  readonly depth: string;
  /** Statements that return where the number lies in the input, u32, of `l`, `d` and `batch` (u32); anything where it is outside. */
  readonly place: string;
  /** Statements that return whether it is not padding; left out where none is. */
  readonly inside?: string;
  /** Where four lines from a multiple of four on lie in a row. */
  readonly quad?: Quad;
  /** WGSL that reads the number at a place. */
  readonly at: (place: string) => string;
}

export interface Quad {
  /** WGSL: from one to the next. */
  readonly step: string;
  /** Statements that return a vec4<bool> for the four, of `l` and `d` of the first. */
  readonly inside?: string;
}

/** The largest power of two up to 16 that divides a size. */
export const runOf = (size: number): number => [16, 8, 4, 2].find((run) => size % run === 0) ?? 1;

export type Rule = Pointwise | Reduction | Product;

/** By `domain:op`. A function picks by the node's form. */
export type Rules = Readonly<Record<string, Rule | ((context: Omit<RuleContext, 'at'>) => Rule)>>;

/** The error of an op, or a form of one, that the engine does not have. */
export function notCovered(node: Node, message: string): NasError {
  const what = `node "${node.name}" (${node.op}): ${message}. Train with --engine onnxruntime.`;
  return new NasError('ENGINE_SHADERS', what, { facts: { node: node.name, op: node.op } });
}
