import type { Builder } from '../../ir/builder.ts';
import { dtypeCodes, type Shape, type Tensor } from '../../ir/graph.ts';
import { isZeros, zeros } from '../../ir/zeros.ts';

/** Whole numbers from −2^(bits−1) to 2^(bits−1) − 1, and how many bits each has in the file. */
export interface Codes {
  readonly data: Int8Array;
  readonly shape: Shape;
  readonly bits: number;
}

/**
 * Writes codes into the graph and returns the value that has them as int8 or float32. Less than 8 bits are packed into
 * bytes that standard nodes of opset 17 take apart again: every runtime can, and onnxruntime does it once, when it
 * loads the file, so that the kernel behind it sees an ordinary constant. (The 4-bit type of opset 21 would save about
 * 150 bytes a layer, and every runtime older than it; 3 bits it has not.)
 */
export function storeCodes(b: Builder, name: string, codes: Codes, dtype: 'int8' | 'float32'): string {
  if (codes.bits === 8) {
    const stored = b.initializer(b.fresh(`${name}.q`), { dtype: 'int8', shape: codes.shape, data: codes.data });
    return dtype === 'int8' ? stored : castTo(b, stored, dtype);
  }
  const value = planesOf(codes.bits).reduce<string | undefined>((sum, plane) => {
    const digits = castTo(b, unpacked(b, name, codes, plane), 'float32');
    const part = plane.shift === 0 ? digits : b.op('Mul', [digits, b.scalar(2 ** plane.shift)]);
    return sum === undefined ? part : b.op('Add', [sum, part]);
  }, undefined);
  const signed = b.op('Sub', [value!, b.scalar(offsetOf(codes))]);
  return dtype === 'int8' ? castTo(b, signed, dtype) : signed;
}

const castTo = (b: Builder, value: string, dtype: 'int8' | 'float32') => b.op('Cast', [value], { to: dtypeCodes[dtype] });

/** Bits of every code, from `shift` upwards. A width that divides 8 never crosses a byte. */
interface Plane {
  readonly width: number;
  readonly shift: number;
}

/** 4, 2 and 1 bits are one plane; 3 are two. */
const planesOf = (bits: number): readonly Plane[] =>
  [4, 2, 1].filter((width) => (bits & width) !== 0).map((width) => ({ width, shift: bits & (width - 1) }));

/** What makes codes unsigned. */
const offsetOf = ({ bits }: Codes) => 2 ** (bits - 1);

/** One plane of the codes made unsigned, packed in the file, as uint8 in their shape. */
function unpacked(b: Builder, name: string, codes: Codes, { width, shift }: Plane): string {
  const perByte = 8 / width;
  const packed = packedPlane(codes, { width, shift });
  const stored = b.initializer(b.fresh(`${name}.q${width}`), packed);
  const places = Uint8Array.from({ length: perByte }, (_, i) => 8 - width * (i + 1));
  const left = once(b, `unpack${width}.left`, { dtype: 'uint8', shape: [perByte], data: places });
  const right = once(b, `unpack${width}.right`, { dtype: 'uint8', shape: [], data: Uint8Array.of(8 - width) });
  const cleared = b.op('BitShift', [stored, left], { direction: 'LEFT' }); // [bytes, perByte]
  const digits = b.op('BitShift', [cleared, right], { direction: 'RIGHT' });
  const padded = packed.data.length * perByte > codes.data.length;
  return b.op('Reshape', [padded ? cutOff(b, digits, codes.data.length) : digits, b.ints(codes.shape)]);
}

/** [bytes, 1] */
function packedPlane(codes: Codes, { width, shift }: Plane): Tensor {
  const perByte = 8 / width;
  const shape = [Math.ceil(codes.data.length / perByte), 1];
  if (isZeros({ dtype: 'int8', ...codes })) return zeros('uint8', shape);
  const data = new Uint8Array(shape[0]!);
  codes.data.forEach((code, i) => {
    const digits = ((code + offsetOf(codes)) >> shift) & (2 ** width - 1);
    data[Math.floor(i / perByte)]! |= digits << (width * (i % perByte));
  });
  return { dtype: 'uint8', shape, data };
}

/** The first `count` numbers, flat: the last byte need not be full. */
const cutOff = (b: Builder, digits: string, count: number): string =>
  b.op('Slice', [b.op('Reshape', [digits, b.ints([-1])]), b.ints([0]), b.ints([count])]);

const once = (b: Builder, name: string, tensor: Tensor): string => (b.initializers[name] ? name : b.initializer(name, tensor));
