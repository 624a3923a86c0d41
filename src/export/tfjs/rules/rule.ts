import type { Node, Shape, Tensor, TensorType } from '../../../network/ir/graph.ts';
import type { GraphWriter } from '../writer.ts';

/** What a rule sees of the graph that is converted. */
export interface Conversion {
  readonly writer: GraphWriter;
  /** As the ONNX graph has it: channels first, batch 1. */
  type(value: string): TensorType;
  constant(value: string): Tensor | undefined;
  /** The node that holds a value, channels last; a constant is laid out for partners of `rank` dimensions. */
  ref(value: string, rank?: number): string;
  /**
   * Weights in TensorFlow's order. Quantized ones stay bytes in the file and are multiplied by their scales when they are
   * used: `arrangeScales` lays the scales of the output channels out to fit.
   */
  weight(value: string, arrange: (codes: Tensor) => Tensor, arrangeScales: (scales: Tensor) => Tensor): string;
  /** A shape as TensorFlow has it: any batch, channels last. */
  sizes(shape: Shape): Shape;
  /** An axis as TensorFlow counts it. */
  axis(axis: number, rank: number): number;
  /** The node that holds a value as ONNX lays it out. */
  channelsFirst(value: string): string;
  /** From a node in ONNX's layout to one in TensorFlow's. */
  channelsLast(name: string, from: string, rank: number): string;
  /** Throws NasError TFJS_OP. `why` follows the op and its layer's name. */
  refuse(node: Node, why: string): never;
}

/** Writes what a node does; the name of the node that makes its output. */
export type Rule = (c: Conversion, node: Node) => string;
