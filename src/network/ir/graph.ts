/**
 * The intermediate representation: ONNX as plain, frozen data. Every value has a static type; the batch size is an
 * ordinary number (the encoder can write the first dimension of inputs and outputs as a symbol).
 */

export type DType = 'float32' | 'float64' | 'int64' | 'int32' | 'int16' | 'uint16' | 'int8' | 'uint8' | 'bool';

/** ONNX TensorProto.DataType codes. */
export const dtypeCodes: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

export type Shape = readonly number[];

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

export type TensorData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** Row-major data with its type. `bool` is a Uint8Array of 0 and 1. */
export interface Tensor extends TensorType {
  readonly data: TensorData;
}

export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph };

/** A float attribute; rounded to float32, as the bytes hold it. */
export const float = (value: number): Attribute => ({ kind: 'float', value: Math.fround(value) });

export type Attributes = Readonly<Record<string, Attribute>>;

/** '' is the standard ONNX domain; 'espalier' holds the training ops that a lowering expands before encoding. */
export type Domain = '' | 'com.microsoft' | 'com.microsoft.nchwc' | 'espalier' | (string & {});

export interface Node {
  readonly op: string;
  readonly domain: Domain;
  /** Unique in the graph; a layer's node carries the layer's name (`stage1.block0.conv1`). */
  readonly name: string;
  /** Value names; '' marks an optional input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

export interface GraphInput {
  readonly name: string;
  readonly type: TensorType;
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly string[];
  /** Weights and constants by value name. */
  readonly initializers: Readonly<Record<string, Tensor>>;
  /** In topological order. */
  readonly nodes: readonly Node[];
  /** The type of every value: inputs, initializers, node outputs; in a body (bodies.ts) also of what it reads from outside. */
  readonly types: Readonly<Record<string, TensorType>>;
}

export const elementCount = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** A shape as messages and the printer show it: `[8,16]`. */
export const show = (shape: Shape): string => `[${shape.join(',')}]`;

/** The array that holds the data of a type. */
export const dataArrays = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** A tensor from plain numbers; integers out of the type's range wrap around. */
export function tensorOf(dtype: DType, shape: Shape, values: readonly number[]): Tensor {
  const data = dtype === 'int64' ? BigInt64Array.from(values, BigInt) : dataArrays[dtype].from(values);
  return { dtype, shape, data };
}
