import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { openSession, type Session, withSession } from '../../../src/network/engine/session.ts';
import { Builder } from '../../../src/network/ir/builder.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import type { Tensor } from '../../../src/network/ir/graph.ts';

const vector = (...values: number[]): Tensor => ({ dtype: 'float32', shape: [values.length], data: Float32Array.from(values) });

/** (a, b) → sum, product. */
function model(): Uint8Array {
  const b = new Builder('pair');
  for (const name of ['a', 'b']) b.input(name, { dtype: 'float32', shape: [2] });
  const outputs = [b.op('Add', ['a', 'b'], {}, { name: 'sum' }), b.op('Mul', ['a', 'b'], {}, { name: 'product' })];
  return encode(b.build(outputs));
}

const feeds = { a: vector(1, 2), b: vector(3, 5) };

describe('a session', () => {
  it('names inputs and outputs and runs', () =>
    withSession(model(), {}, async (session) => {
      expect(session.inputs).toEqual(['a', 'b']);
      expect(session.outputs).toEqual(['sum', 'product']);
      const { sum, product } = await session.run(feeds);
      expect(sum).toEqual(vector(4, 7));
      expect(product).toEqual(vector(3, 10));
    }));

  it('writes into the tensors that it is given, and computes only these', () =>
    withSession(model(), {}, async (session) => {
      const sum = vector(0, 0);
      const results = await session.run(feeds, { sum });
      expect(Object.keys(results)).toEqual(['sum']);
      expect(results['sum']!.data).toBe(sum.data);
      expect(sum).toEqual(vector(4, 7));
    }));

  it('carries other types than float32', async () => {
    const b = new Builder('types');
    b.input('a', { dtype: 'int64', shape: [2] });
    const outputs = [b.op('Equal', ['a', b.ints([7, 8])], {}, { name: 'equal' }), b.op('Neg', ['a'], {}, { name: 'negative' })];
    const bytes = encode(b.build(outputs));
    const a: Tensor = { dtype: 'int64', shape: [2], data: BigInt64Array.of(7n, 9n) };
    const results = await withSession(bytes, {}, (session) => session.run({ a }));
    expect(results['equal']).toEqual({ dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) });
    expect(results['negative']).toEqual({ dtype: 'int64', shape: [2], data: BigInt64Array.of(-7n, -9n) });
  });

  it('says that onnxruntime refuses a model', async () => {
    await expect(openSession(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({
      code: 'ENGINE_MODEL',
      message: expect.stringContaining('3 bytes') as unknown,
      exitCode: 1,
    });
  });

  it('says what onnxruntime says of a wrong feed', () =>
    withSession(model(), {}, async (session) => {
      await expect(session.run({ a: vector(1, 2), b: vector(1, 2, 3) })).rejects.toMatchObject({
        code: 'ENGINE_RUN',
        message: expect.stringContaining('invalid dimensions') as unknown,
      });
      await expect(session.run({ a: vector(1, 2) })).rejects.toMatchObject({ code: 'ENGINE_RUN' });
    }));

  it('is released once the work ends or throws, and is of no use then', async () => {
    let kept: Session | undefined;
    const work = withSession(model(), {}, (session) => {
      kept = session;
      return Promise.reject(new Error('stopped'));
    });
    await expect(work).rejects.toThrow('stopped');
    await expect(kept!.run(feeds)).rejects.toMatchObject({ code: 'ENGINE_RUN' });
    await expect(kept!.release()).resolves.toBeUndefined();
  });

  it('profiles every node of every run and leaves no file behind', async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('nas-profile-'));
    await withSession(model(), { profile: true }, async (session) => {
      await session.run(feeds);
      await session.run(feeds);
      const times = await session.endProfiling();
      expect(times.map(({ op }) => op).sort()).toEqual(['Add', 'Add', 'Mul', 'Mul']);
      expect(times.every(({ microseconds }) => microseconds >= 0)).toBe(true);
    });
    await expect(openSession(Uint8Array.of(1), { profile: true })).rejects.toMatchObject({ code: 'ENGINE_MODEL' });
    const after = (await readdir(tmpdir())).filter((name) => name.startsWith('nas-profile-'));
    expect(after).toEqual(before);
  });
});
