/**
 * What of TensorFlow Lite's schema, version 3, the exported models have: numbers of operators and places of fields.
 * Source: schema.fbs in tensorflow/compiler/mlir/lite/schema of TensorFlow 2.
 */

export const schemaVersion = 3;
export const fileIdentifier = 'TFL3';

export const operators = {
  ADD: 0,
  AVERAGE_POOL_2D: 1,
  CONCATENATION: 2,
  CONV_2D: 3,
  DEPTHWISE_CONV_2D: 4,
  DEQUANTIZE: 6,
  FULLY_CONNECTED: 9,
  LOGISTIC: 14,
  MAX_POOL_2D: 17,
  MUL: 18,
  RELU: 19,
  RELU6: 21,
  RESHAPE: 22,
  SOFTMAX: 25,
  TANH: 28,
  PAD: 34,
  GATHER: 36,
  TRANSPOSE: 39,
  MEAN: 40,
  SUB: 41,
  DIV: 42,
  STRIDED_SLICE: 45,
  EXP: 47,
  LOG_SOFTMAX: 50,
  PRELU: 54,
  MAXIMUM: 55,
  MINIMUM: 57,
  NEG: 59,
  PADV2: 60,
  GREATER: 61,
  LOG: 73,
  SUM: 74,
  SQRT: 75,
  POW: 78,
  REDUCE_MAX: 82,
  REDUCE_MIN: 89,
  LEAKY_RELU: 98,
  ABS: 101,
  ELU: 111,
  QUANTIZE: 114,
  HARD_SWISH: 117,
  IF: 118,
  DENSIFY: 124,
  BATCH_MATMUL: 126,
  GELU: 150,
} as const;

export type OperatorName = keyof typeof operators;

export const tensorTypes = { float32: 0, int32: 2, bool: 6, int8: 9, int4: 17 } as const;
export type TensorTypeName = keyof typeof tensorTypes;

/** A field of a table: how it is stored, where, what it holds. */
export type Field = readonly [kind: 'int8' | 'int32' | 'bool' | 'float32' | 'offset', slot: number, value: number];

/** What an operator is told beside its inputs; `type` is its number in the union BuiltinOptions. */
export interface Options {
  readonly type: number;
  readonly fields: readonly Field[];
}

export type Padding = 'SAME' | 'VALID';
const paddings = { SAME: 0, VALID: 1 } as const;

/** Height and width. */
export type Sides = readonly [number, number];

export interface Window {
  readonly padding: Padding;
  readonly strides: Sides;
}

export const conv2d = ({ padding, strides, dilations }: Window & { readonly dilations: Sides }): Options => ({
  type: 1,
  fields: [
    ['int8', 0, paddings[padding]],
    ['int32', 1, strides[1]],
    ['int32', 2, strides[0]],
    ['int32', 4, dilations[1]],
    ['int32', 5, dilations[0]],
  ],
});

export const depthwiseConv2d = (
  { padding, strides, dilations }: Window & { readonly dilations: Sides },
  multiplier: number,
): Options => ({
  type: 2,
  fields: [
    ['int8', 0, paddings[padding]],
    ['int32', 1, strides[1]],
    ['int32', 2, strides[0]],
    ['int32', 3, multiplier],
    ['int32', 5, dilations[1]],
    ['int32', 6, dilations[0]],
  ],
});

export const pool2d = ({ padding, strides, kernel }: Window & { readonly kernel: Sides }): Options => ({
  type: 5,
  fields: [
    ['int8', 0, paddings[padding]],
    ['int32', 1, strides[1]],
    ['int32', 2, strides[0]],
    ['int32', 3, kernel[1]],
    ['int32', 4, kernel[0]],
  ],
});

/** Of operators that have nothing to be told, and yet an entry in the union. */
const nothing = (type: number): Options => ({ type, fields: [] });

export const add = nothing(11);
export const mul = nothing(21);
export const sub = nothing(28);
export const div = nothing(29);
/** `findsRange`: of a float input, whose codes are then asymmetric. */
export const fullyConnected = (keepsDimensions: boolean, findsRange = false): Options => ({
  type: 8,
  fields: [...(keepsDimensions ? [['bool', 2, 1] as const] : []), ...(findsRange ? [['bool', 3, 1] as const] : [])],
});
export const softmax: Options = { type: 9, fields: [['float32', 0, 1]] };
export const concatenation = (axis: number): Options => ({ type: 10, fields: [['int32', 0, axis]] });
export const reshape = nothing(17);
/** Of a mean, a sum, a maximum or a minimum. */
export const reduction = (keepsDimensions: boolean): Options => ({ type: 27, fields: keepsDimensions ? [['bool', 0, 1]] : [] });
export const densify = nothing(99);
export const greater = nothing(44);
/** Numbers of the subgraphs that run where the condition holds, and where it does not. */
export const branches = (yes: number, no: number): Options => ({
  type: 92,
  fields: [
    ['int32', 0, yes],
    ['int32', 1, no],
  ],
});
/** `openEnds`: a bit for every axis that is cut to its very end. */
export const stridedSlice = (openEnds: number): Options => ({ type: 32, fields: [['int32', 1, openEnds]] });
export const gather = (axis: number): Options => ({ type: 23, fields: [['int32', 0, axis]] });
export const pow = nothing(56);
export const leakyRelu = (alpha: number): Options => ({ type: 75, fields: [['float32', 0, alpha]] });
/** As it is defined, not by its approximation. */
export const gelu = nothing(116);
export const batchMatMul = nothing(101);
