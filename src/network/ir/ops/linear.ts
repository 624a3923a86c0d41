import type { Builder } from '../builder.ts';
import type { Shape, TensorType } from '../graph.ts';
import { elementCount, float, show } from '../graph.ts';
import type { GradContext, InferContext, OpEntry } from '../op.ts';
import { readFloat, readInt } from './support/attributes.ts';
import { gradOf, reduceTo, reshape, transposeLast } from './support/gradients.ts';
import { broadcast, inputType, misfit, ranked, sameShape } from './support/shapes.ts';

/** Matrix products. */

/** How the operands A and B stand in a product: Y = alpha · A' · B', A' = A or its transpose. */
interface Product {
  readonly transA: number;
  readonly transB: number;
  readonly alpha: number;
}

type Multiply = (a: string, transA: number, b: string, transB: number) => string;

/** Gradients of alpha · A' · B' by the four cases of transposition: dA' = dY · B'ᵀ, dB' = A'ᵀ · dY. */
function productGrads(p: Product, a: string, b: string, dy: string, multiply: Multiply): { dA: () => string; dB: () => string } {
  return {
    dA: () => (p.transA ? multiply(b, p.transB, dy, 1) : multiply(dy, 0, b, 1 - p.transB)),
    dB: () => (p.transB ? multiply(dy, 1, a, p.transA) : multiply(a, 1 - p.transA, dy, 0)),
  };
}

const gemmProduct =
  (b: Builder, alpha: number): Multiply =>
  (x, transA, y, transB) =>
    b.op('Gemm', [x, y], { transA, transB, alpha: float(alpha) });

const gemm: OpEntry = {
  op: 'Gemm',
  domain: '',
  infer: (context) => {
    const { node } = context;
    const a = ranked(context, 0, 2);
    const b = ranked(context, 1, 2);
    const [m, k] = readInt(node, 'transA', 0) ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
    const [kb, n] = readInt(node, 'transB', 0) ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
    if (k !== kb) throw misfit(node, `cannot multiply ${show(a.shape)} by ${show(b.shape)}: inner sizes ${k} and ${kb}`);
    const c = context.inputs[2];
    if (c && !sameShape(broadcast([c.shape, [m, n]]) ?? [], [m, n]))
      throw misfit(node, `bias ${show(c.shape)} for an output of [${m},${n}]`);
    return [{ dtype: a.dtype, shape: [m, n] }];
  },
  grad: (context) => {
    const { b, node, inputs, wants } = context;
    const dy = gradOf(context);
    const product = {
      transA: readInt(node, 'transA', 0),
      transB: readInt(node, 'transB', 0),
      alpha: readFloat(node, 'alpha', 1),
    };
    const { dA, dB } = productGrads(product, inputs[0]!, inputs[1]!, dy, gemmProduct(b, product.alpha));
    return [wants[0] ? dA() : undefined, wants[1] ? dB() : undefined, wants[2] ? biasGrad(context, dy) : undefined];
  },
  macs: productMacs,
  params: [1, 2],
};

function biasGrad({ b, node, inputs }: GradContext, dy: string): string {
  const sum = reduceTo(b, dy, b.shape(inputs[2]!));
  const beta = readFloat(node, 'beta', 1);
  return beta === 1 ? sum : b.op('Mul', [sum, b.scalar(beta)]);
}

/** Of a product of matrices, transposed or not: A' has as many rows as the output. */
function productMacs(inputs: readonly (TensorType | undefined)[], outputs: readonly TensorType[]): number {
  const [a, out] = [inputs[0]!.shape, outputs[0]!.shape];
  return (elementCount(out) * a.at(-1)! * a.at(-2)!) / out.at(-2)!;
}

/** Shape of a numpy-style product; operands of rank 1 are a row (left) and a column (right). */
export function matMulShape(context: InferContext, transA: number, transB: number): Shape {
  const { node } = context;
  const a = inputType(context, 0).shape;
  const b = inputType(context, 1).shape;
  if (a.length === 0 || b.length === 0) throw misfit(node, 'a product with a scalar');
  const left = swapped(a.length === 1 ? [1, ...a] : a, transA);
  const right = swapped(b.length === 1 ? [...b, 1] : b, transB);
  const batch = broadcast([left.slice(0, -2), right.slice(0, -2)]);
  if (!batch || left.at(-1) !== right.at(-2)) throw misfit(node, `cannot multiply ${show(a)} by ${show(b)}`);
  return [...batch, ...(a.length === 1 ? [] : [left.at(-2)!]), ...(b.length === 1 ? [] : [right.at(-1)!])];
}

const swapped = (shape: Shape, swap: number): Shape => (swap ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape);

const matMulMacs: NonNullable<OpEntry['macs']> = (inputs, outputs) => elementCount(outputs[0]!.shape) * inputs[0]!.shape.at(-1)!;

const matMul: OpEntry = {
  op: 'MatMul',
  domain: '',
  infer: (context) => [{ dtype: inputType(context, 0).dtype, shape: matMulShape(context, 0, 0) }],
  grad: (context) => {
    const { b, inputs, wants } = context;
    const [aShape, bShape] = [b.shape(inputs[0]!), b.shape(inputs[1]!)];
    const left = aShape.length === 1 ? reshape(b, inputs[0]!, [1, ...aShape]) : inputs[0]!;
    const right = bShape.length === 1 ? reshape(b, inputs[1]!, [...bShape, 1]) : inputs[1]!;
    const dy = fullRank(b, gradOf(context), left, right);
    const { dA, dB } = b.shape(right).length === 2 ? flatGrads(b, left, right, dy) : batchedGrads(b, left, right, dy);
    return [wants[0] ? reshape(b, dA(), aShape) : undefined, wants[1] ? reshape(b, dB(), bShape) : undefined];
  },
  macs: matMulMacs,
  params: [0, 1],
};

/** dy with the rows and columns back that operands of rank 1 took from the output. */
function fullRank(b: Builder, dy: string, left: string, right: string): string {
  const l = b.shape(left);
  const r = b.shape(right);
  return reshape(b, dy, [...broadcast([l.slice(0, -2), r.slice(0, -2)])!, l.at(-2)!, r.at(-1)!]);
}

/** One weight matrix for every row: the batch is folded into the rows, so that dB is one product. */
function flatGrads(b: Builder, left: string, right: string, dy: string): { dA: () => string; dB: () => string } {
  const rows = (value: string) => reshape(b, value, [elementCount(b.shape(value).slice(0, -1)), b.shape(value).at(-1)!]);
  return productGrads({ transA: 0, transB: 0, alpha: 1 }, rows(left), right, rows(dy), gemmProduct(b, 1));
}

function batchedGrads(b: Builder, left: string, right: string, dy: string): { dA: () => string; dB: () => string } {
  return {
    dA: () => reduceTo(b, b.op('MatMul', [dy, transposeLast(b, right)]), b.shape(left)),
    dB: () => reduceTo(b, b.op('MatMul', [transposeLast(b, left), dy]), b.shape(right)),
  };
}

/** onnxruntime's MatMul with transposed operands and a factor. */
const fusedMatMul: OpEntry = {
  op: 'FusedMatMul',
  domain: 'com.microsoft',
  infer: (context) => {
    const { node } = context;
    return [
      { dtype: inputType(context, 0).dtype, shape: matMulShape(context, readInt(node, 'transA', 0), readInt(node, 'transB', 0)) },
    ];
  },
  grad: (context) => {
    const { b, node, inputs, wants } = context;
    const product = {
      transA: readInt(node, 'transA', 0),
      transB: readInt(node, 'transB', 0),
      alpha: readFloat(node, 'alpha', 1),
    };
    const multiply: Multiply = (x, transA, y, transB) =>
      b.op('FusedMatMul', [x, y], { transA, transB, alpha: float(product.alpha) }, { domain: 'com.microsoft' });
    const { dA, dB } = productGrads(product, inputs[0]!, inputs[1]!, gradOf(context), multiply);
    return [
      wants[0] ? reduceTo(b, dA(), b.shape(inputs[0]!)) : undefined,
      wants[1] ? reduceTo(b, dB(), b.shape(inputs[1]!)) : undefined,
    ];
  },
  macs: productMacs,
  params: [0, 1],
};

const matMulInteger: OpEntry = {
  op: 'MatMulInteger',
  domain: '',
  infer: (context) => [{ dtype: 'int32', shape: matMulShape(context, 0, 0) }],
  grad: 'forbidden',
  macs: matMulMacs,
  params: [1],
};

export const linearOps: readonly OpEntry[] = [gemm, matMul, fusedMatMul, matMulInteger];
