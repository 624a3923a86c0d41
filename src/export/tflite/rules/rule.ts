import type { Graph, Node, Shape, Tensor, TensorType } from '../../../network/ir/graph.ts';
import type { SubgraphWriter } from '../subgraph.ts';

/** real = scale · (code − zero), codes of −128 … 127. */
export interface CodeRange {
  readonly scale: number;
  readonly zero: number;
}

/** 8-bit weights in ONNX's order, with a scale for every index of an axis, or one for all. */
export interface WeightCodes {
  readonly codes: Tensor;
  readonly scales: readonly number[];
  readonly axis: number | undefined;
}

/** How weights come to lie as TensorFlow Lite has them. */
export interface Arrangement {
  readonly arrange: (weight: Tensor) => Tensor;
  /** The axis of the outputs before, and after. */
  readonly from: number;
  readonly to: number;
}

/**
 * How the dimensions of a value lie in a tensor: those of pictures, [N, C, H, W], as ONNX has them, or with the channels last.
 * Values that have not four dimensions lie as ONNX has them.
 */
export type Layout = 'first' | 'last';

/**
 * On what a node computes. `floats`: on floats. `codes`: on the 8-bit codes of its inputs, where all have them and its
 * output becomes codes. `as they come`: on codes wherever the inputs have them, since it only moves or compares values, so
 * that its output has the range of its input.
 */
export type Manner = 'floats' | 'codes' | 'as they come';

export interface Wish {
  /** Default: floats. */
  readonly manner?: Manner;
  /** Default: that of the inputs, where all are pictures; else as ONNX has them. */
  readonly layout?: Layout;
  /** Of the output, where it is another one. */
  readonly outputLayout?: Layout;
  /** Which of the node's outputs is made. Default: the first. */
  readonly output?: number;
}

/** Where a node's work is done. */
export interface Work {
  /** The range of the output's codes; absent on floats. */
  readonly range?: CodeRange;
  readonly layout: Layout;
  /** Numbers of the tensors of the inputs that were asked for, and the ranges of their codes. */
  readonly inputs: readonly number[];
  readonly ranges: readonly CodeRange[];
  readonly output: number;
}

/** What a rule sees of the graph that is converted. */
export interface Conversion {
  readonly writer: SubgraphWriter;
  /** As the ONNX graph has it: channels first, batch 1. */
  type(value: string): TensorType;
  constant(value: string): Tensor | undefined;
  /** The range of a value's codes; undefined where it has none. */
  range(value: string): CodeRange | undefined;
  /** The range that a node's output would have in the manner 'codes'; undefined where it would be floats. */
  codesOf(node: Node): CodeRange | undefined;
  /** The layout in which a value was made. */
  layout(value: string): Layout;
  /** Begins a node: finds its inputs and declares its output. */
  work(node: Node, inputs: readonly string[], wish?: Wish): Work;
  /** The tensor of a value in the form in which it was made. */
  asMade(value: string): number;
  /** The bool that is a node's output. */
  condition(node: Node): number;
  /** A body as a subgraph that takes `captures` in the forms in which they were made here; its number. */
  branch(body: Graph, captures: readonly string[]): number;
  /** The node's output is its input, which already lies as it asks for in that layout. */
  same(node: Node, layout: Layout): void;
  /** A value between a node's input and its output, of the same kind as the node's output. */
  between(work: Work, name: string, shape: Shape, range?: CodeRange): number;
  /** Weights that are 8-bit codes in the file, with one scale or one for every output; undefined for any others. */
  weightCodes(value: string, arrangement: Arrangement): WeightCodes | undefined;
  /** The codes of such weights, for an operator that computes on them. */
  codes(value: string, arrangement: Arrangement): number;
  /** Constant weights as floats. What are codes in the file stay such. */
  floatWeight(value: string, arrangement: Arrangement): number;
  /** A constant of floats. */
  floats(name: string, tensor: Pick<Tensor, 'shape' | 'data'>): number;
  /** Throws NasError TFLITE_OP. `why` follows the op and its layer's name. */
  refuse(node: Node, why: string): never;
}

/** Writes what a node does. */
export type Rule = (c: Conversion, node: Node) => void;
