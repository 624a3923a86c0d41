import type { Builder } from '../../ir/builder.ts';
import { dtypeCodes, type Tensor } from '../../ir/graph.ts';
import { isZeros, zeros } from '../../ir/zeros.ts';

/** A list of packed codes has a multiple of so many: it fills its bytes whatever their bits are. */
export const packedStep = 8;

/**
 * Writes a list of codes of less than 8 bits into the graph, packed into bytes, and returns the value that has them as
 * int8 or float32, flat. Standard nodes of opset 17 take the bytes apart again: every runtime can, and onnxruntime does it
 * once, when it loads the file, so that the kernel behind it sees an ordinary constant. (The 4-bit type of opset 21 would
 * save about 150 bytes, and every runtime older than it; 3 bits it has not.)
 */
export function storePacked(b: Builder, codes: Tensor, bits: number, dtype: 'int8' | 'float32'): string {
  const value = planesOf(bits).reduce<string | undefined>((sum, plane) => {
    const digits = b.op('Cast', [unpacked(b, codes, bits, plane)], { to: dtypeCodes.float32 });
    const part = plane.shift === 0 ? digits : b.op('Mul', [digits, b.scalar(2 ** plane.shift)]);
    return sum === undefined ? part : b.op('Add', [sum, part]);
  }, undefined);
  const signed = b.op('Sub', [value!, b.scalar(offsetOf(bits))]);
  const typed = dtype === 'int8' ? b.op('Cast', [signed], { to: dtypeCodes.int8 }) : signed;
  return b.op('Reshape', [typed, b.ints([-1])]);
}

/** Bits of every code, from `shift` upwards. A width that divides 8 never crosses a byte. */
interface Plane {
  readonly width: number;
  readonly shift: number;
}

/** 4, 2 and 1 bits are one plane; 3 are two. */
const planesOf = (bits: number): readonly Plane[] =>
  [4, 2, 1].filter((width) => (bits & width) !== 0).map((width) => ({ width, shift: bits & (width - 1) }));

/** What makes codes unsigned. */
const offsetOf = (bits: number) => 2 ** (bits - 1);

/** One plane of the codes made unsigned, packed in the file, as uint8 in rows of eight. */
function unpacked(b: Builder, codes: Tensor, bits: number, { width, shift }: Plane): string {
  const perByte = 8 / width;
  const stored = b.initializer(b.fresh(`q${width}`), packedPlane(codes, bits, { width, shift }));
  const places = Uint8Array.from({ length: perByte }, (_, i) => 8 - width * (i + 1));
  const left = once(b, `unpack${width}.left`, { dtype: 'uint8', shape: [perByte], data: places });
  const right = once(b, `unpack${width}.right`, { dtype: 'uint8', shape: [], data: Uint8Array.of(8 - width) });
  const cleared = b.op('BitShift', [stored, left], { direction: 'LEFT' }); // [bytes, perByte]
  const digits = b.op('BitShift', [cleared, right], { direction: 'RIGHT' });
  return planesOf(bits).length === 1 ? digits : b.op('Reshape', [digits, b.ints([-1, packedStep])]);
}

/** [bytes, 1] */
function packedPlane(codes: Tensor, bits: number, { width, shift }: Plane): Tensor {
  const perByte = 8 / width;
  const shape = [codes.data.length / perByte, 1];
  if (isZeros(codes)) return zeros('uint8', shape);
  const data = new Uint8Array(shape[0]!);
  (codes.data as Int8Array).forEach((code, i) => {
    const digits = ((code + offsetOf(bits)) >> shift) & (2 ** width - 1);
    data[Math.floor(i / perByte)]! |= digits << (width * (i % perByte));
  });
  return { dtype: 'uint8', shape, data };
}

const once = (b: Builder, name: string, tensor: Tensor): string => (b.initializers[name] ? name : b.initializer(name, tensor));
