import { create } from '@bufbuild/protobuf';
import { NasError } from '../../../core/errors.ts';
import type { DType, Tensor, TensorData } from '../graph.ts';
import { dataArrays, dtypeCodes, elementCount } from '../graph.ts';
import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType, TensorProtoSchema } from '../onnx_pb.ts';

/** The type of a code, for the value `name`. @throws NasError ONNX_TYPE */
export function dtypeOf(code: number, name: string): DType {
  const dtype = (Object.keys(dtypeCodes) as DType[]).find((candidate) => dtypeCodes[candidate] === code);
  if (dtype) return dtype;
  const found = Object.entries(TensorProto_DataType).find(([, value]) => value === code)?.[0] ?? String(code);
  const isHalf = found.endsWith('FLOAT16');
  throw new NasError(
    'ONNX_TYPE',
    `"${name}" holds ${found.toLowerCase()}, which is not supported${isHalf ? ': export the network in float32' : ''}. Known: ${Object.keys(dtypeCodes).join(', ')}.`,
    {
      facts: { name, type: found },
    },
  );
}

/** Data as little-endian raw bytes: the memory order of every machine that Node runs on. */
export function encodeTensor(name: string, { dtype, shape, data }: Tensor): TensorProto {
  const rawData = new Uint8Array(data.byteLength);
  rawData.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return create(TensorProtoSchema, { name, dataType: dtypeCodes[dtype], dims: shape.map(BigInt), rawData });
}

export function decodeTensor(proto: TensorProto, name: string): Tensor {
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    throw new NasError('ONNX_EXTERNAL_DATA', `the data of "${name}" is in another file; save the model as a single file`, {
      facts: { name },
    });
  }
  const dtype = dtypeOf(proto.dataType, name);
  const shape = proto.dims.map(Number);
  const data = proto.rawData.length > 0 ? fromRaw(dtype, proto.rawData) : fromFields(dtype, proto);
  if (data.length !== elementCount(shape)) {
    throw new NasError('ONNX_TENSOR', `"${name}" has ${data.length} values for the shape [${shape.join()}]`, { facts: { name } });
  }
  return { dtype, shape, data };
}

function fromRaw(dtype: DType, raw: Uint8Array): TensorData {
  // A copy: `raw` is a view into the file, at any alignment (and a Buffer's own slice() would be one too).
  const bytes = new Uint8Array(raw);
  const size = dataArrays[dtype].BYTES_PER_ELEMENT;
  return new dataArrays[dtype](bytes.buffer, 0, Math.floor(bytes.length / size));
}

/** The typed fields; every integer below 64 bits is in `int32Data`. */
function fromFields(dtype: DType, proto: TensorProto): TensorData {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(proto.floatData);
    case 'float64':
      return Float64Array.from(proto.doubleData);
    case 'int64':
      return BigInt64Array.from(proto.int64Data);
    case 'int32':
    case 'int16':
    case 'uint16':
    case 'int8':
    case 'uint8':
    case 'bool':
      return dataArrays[dtype].from(proto.int32Data);
  }
  dtype satisfies never;
  throw new TypeError('unknown type');
}
