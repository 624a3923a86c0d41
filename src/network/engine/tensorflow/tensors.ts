import type { DType, Tensor, TensorData } from '../../ir/graph.ts';
import { dataArrays } from '../../ir/graph.ts';
import type { TensorFlow, TfTensor } from './kernel.ts';

/** TensorFlow.js has one float type and one integer type. */
export type TfDType = 'float32' | 'int32' | 'bool';

export const dtypeOf = (dtype: DType): TfDType =>
  dtype === 'float32' || dtype === 'float64' ? 'float32' : dtype === 'bool' ? 'bool' : 'int32';

export function toTf(tf: TensorFlow, { dtype, shape, data }: Tensor): TfTensor {
  const own = dtypeOf(dtype);
  return tf.tensor(own === 'float32' && data instanceof Float32Array ? data : numbersFor(own, data), [...shape], own);
}

function numbersFor(dtype: TfDType, data: TensorData): Float32Array | Int32Array | Uint8Array {
  const numbers = Array.from(data, Number);
  if (dtype === 'float32') return Float32Array.from(numbers);
  return dtype === 'bool' ? Uint8Array.from(numbers) : Int32Array.from(numbers);
}

/** The data of a tensor in the array that the graph's type has. */
export async function dataOf(tensor: TfTensor, dtype: DType): Promise<TensorData> {
  const data = await tensor.data();
  if (dtype === 'float32' && data instanceof Float32Array) return data;
  return dtype === 'int64' ? BigInt64Array.from(data, BigInt) : dataArrays[dtype].from(data);
}

/** [N,C,H,W] → [N,H,W,C] and back. */
export const toLast = (tf: TensorFlow, x: TfTensor): TfTensor => tf.transpose(x, [0, 2, 3, 1]);
export const toPlain = (tf: TensorFlow, x: TfTensor): TfTensor => tf.transpose(x, [0, 3, 1, 2]);
