import type { Builder } from './builder.ts';
import type { Domain, Node, Tensor, TensorType } from './graph.ts';

/** What shape inference sees of a node's inputs; `constants[i]` is there where input i is an initializer. */
export interface InferContext {
  readonly node: Node;
  /** undefined where an optional input is left out. */
  readonly inputs: readonly (TensorType | undefined)[];
  readonly constants: readonly (Tensor | undefined)[];
}

/**
 * Emits the gradient of one node. `dOutputs[i]` is the gradient of output i, undefined where nothing depends on it.
 * Returns the gradient of each input, undefined where there is none or `wants[i]` is false.
 */
export type GradRule = (context: GradContext) => readonly (string | undefined)[];

export interface GradContext {
  readonly b: Builder;
  readonly node: Node;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly dOutputs: readonly (string | undefined)[];
  readonly wants: readonly boolean[];
}

/** One op: all that is known of it stands in one entry. */
export interface OpEntry {
  readonly op: string;
  readonly domain: Domain;
  /** Types of the outputs; throws NasError('IR_SHAPE', …) where the inputs do not fit. */
  readonly infer: (context: InferContext) => readonly TensorType[];
  /**
   * A rule; 'none' where the op has no gradient and needs none (shapes, integer ops: the walk stops here);
   * 'forbidden' where a gradient would be needed but cannot be had (a compile error).
   */
  readonly grad: GradRule | 'none' | 'forbidden';
  /** Inputs through which no gradient flows although `grad` is a rule (shapes, axes). */
  readonly stops?: readonly number[];
  /**
   * The input that holds the shape of the output as a constant, and the number in it that takes a size over from
   * input 0 (Reshape: 0, Expand: 1).
   */
  readonly shapeInput?: { readonly index: number; readonly keep: number };
  /** Multiply-accumulates of one run; absent where they do not count. */
  readonly macs?: (inputs: readonly (TensorType | undefined)[], outputs: readonly TensorType[]) => number;
  /** Inputs that hold trained parameters when they are initializers (Conv: weight 1, bias 2). */
  readonly params?: readonly number[];
  /** A training op (domain 'espalier') that a model graph may hold: it treats every sample for itself. */
  readonly perSample?: boolean;
  /** Inputs that hold statistics which training updates outside of the gradient (BatchNormalization: mean 3, var 4). */
  readonly states?: readonly number[];
}
