import { Builder } from '../../../ir/builder.ts';
import { encode } from '../../../ir/bytes/encode.ts';
import { withSession } from '../../session.ts';
import { nchwc } from './layouts.ts';

/**
 * How many channels a block has in onnxruntime on this processor: the place where the second column of the first channel
 * comes to lie. Undefined where onnxruntime has no such layout.
 */
export async function blockSize(): Promise<number | undefined> {
  const b = new Builder('block');
  const x = { dtype: 'float32' as const, shape: [1, 64, 1, 2], data: Float32Array.from({ length: 128 }, (_, i) => i) };
  b.input('x', x);
  const y = b.op('ReorderInput', ['x'], {}, { domain: nchwc });
  try {
    const found = await withSession(encode(b.build([y])), {}, (session) => session.run({ x }));
    const place = (found[y]!.data as Float32Array).indexOf(1);
    return place > 1 ? place : undefined;
  } catch {
    return undefined;
  }
}

/** Why a layout with blocks of this size cannot be used on this processor. */
export async function unfit(block: number): Promise<string | undefined> {
  const size = await blockSize();
  if (size === block) return undefined;
  return size === undefined ? 'onnxruntime has no blocked layout here.' : `onnxruntime's blocks have ${size} channels here.`;
}
