import type * as tfjs from '@tensorflow/tfjs-core';
import { NasError } from '../../../core/errors.ts';
import type { Node, Tensor, TensorType } from '../../ir/graph.ts';

/** TensorFlow.js, however it was loaded: types come from its core, code from the package that the user has. */
export type TensorFlow = typeof tfjs;
export type TfTensor = tfjs.Tensor;

export interface KernelContext {
  readonly tf: TensorFlow;
  readonly node: Node;
  /** Types as the graph has them; shapes of four dimensions are [N, C, H, W] there. */
  readonly inputs: readonly (TensorType | undefined)[];
  readonly outputs: readonly TensorType[];
  /** The inputs that are initializers. */
  readonly constants: readonly (Tensor | undefined)[];
}

/** `undefined` stands for an optional input that is left out. */
type Run = (x: readonly (TfTensor | undefined)[], context: KernelContext) => TfTensor | readonly TfTensor[];

/**
 * One op. `layout` says how values of four dimensions come and go:
 * plain: [N, C, H, W], as in the graph. last: [N, H, W, C], as TensorFlow's convolutions want them on every device; weights
 * [K, C, h, w] come as [K, h, w, C]. either: all the same way, whichever is at hand.
 */
export interface Kernel {
  readonly layout: 'plain' | 'last' | 'either';
  readonly run: Run;
}

const inLayout =
  (layout: Kernel['layout']) =>
  (run: Run): Kernel => ({ layout, run });

export const plain = inLayout('plain');
export const last = inLayout('last');
export const either = inLayout('either');

/** By `domain:op`. */
export type Kernels = Readonly<Record<string, Kernel>>;

/** The error of an op, or a form of one, that the engine does not have. */
export function notCovered(node: Node, message: string): NasError {
  const what = `node "${node.name}" (${node.op}): ${message}. Train with --engine onnxruntime.`;
  return new NasError('ENGINE_TENSORFLOW', what, { facts: { node: node.name, op: node.op } });
}
