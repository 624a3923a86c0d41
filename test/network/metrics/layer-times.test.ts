import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import { Builder } from '../../../src/network/ir/builder.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { fewestTimed, fitLayerTimes, foreseenLatency, type TimedWork } from '../../../src/network/metrics/layer-times/fit.ts';
import { workOf } from '../../../src/network/metrics/layer-times/work.ts';

/** Conv `inputs`→`channels` 3×3 on 8×8 (its input and weight 8-bit integers, where asked for), ReLU. */
function network(inputs: number, channels: number, integer = false): Graph {
  const b = new Builder('net');
  const weight = b.initializer('weight', {
    dtype: 'float32',
    shape: [channels, inputs, 3, 3],
    data: new Float32Array(channels * inputs * 9).fill(0.1),
  });
  const scale = b.initializer('scale', { dtype: 'float32', shape: [], data: Float32Array.of(0.1) });
  const zero = b.initializer('zero', { dtype: 'int8', shape: [], data: Int8Array.of(0) });
  const through = (x: string) =>
    integer ? b.op('DequantizeLinear', [b.op('QuantizeLinear', [x, scale, zero]), scale, zero]) : x;
  const x = b.input('x', { dtype: 'float32', shape: [1, inputs, 8, 8] });
  const conv = b.op('Conv', [through(x), through(weight)], { pads: [1, 1, 1, 1], kernel_shape: [3, 3] });
  return b.build([b.op('Relu', [conv])]);
}

describe('workOf', () => {
  it('counts layers by what they are, with their multiply-accumulates and bytes', () => {
    const work = workOf(network(2, 4));
    const macs = 64 * 4 * 2 * 9;
    expect(work['Conv 3x3, count']).toBe(1);
    expect(work['Conv 3x3, macs']).toBe(macs);
    expect(work['Conv 3x3, blocked']).toBe(macs * 4 * 8); // 4 of 16 output channels, 2 of 16 input channels
    expect(work['Conv 3x3, bytes']).toBe(4 * (2 * 64 + 4 * 2 * 9 + 4 * 64));
    expect(work['Relu, bytes']).toBe(2 * 4 * 4 * 64);
  });

  it('tells integers apart, and leaves out what is computed once', () => {
    const work = workOf(network(2, 4, true));
    expect(work['Conv 3x3 int8, count']).toBe(1);
    expect(work['Conv 3x3, count']).toBeUndefined();
    // The weight's own pair is constant; that of the input is a step of its own, and a part of the convolution.
    expect([work['QuantizeLinear, count'], work['DequantizeLinear fused, count']]).toEqual([1, 1]);
    expect(work['DequantizeLinear, count']).toBeUndefined();
  });
});

/** Networks of random work whose times add up, times what the machine's mood makes of them. */
function timed(seed: string, perUnit: Readonly<Record<string, number>>, count: number, noise = 0): TimedWork[] {
  const rng = createRng(seed);
  const kinds = Object.entries(perUnit);
  return Array.from({ length: count }, () => {
    const work = Object.fromEntries(kinds.map(([kind]) => [kind, 1 + rng.int(20)]));
    const ms = kinds.reduce((sum, [kind, each]) => sum + each * work[kind]!, 0) * (1 + noise * (2 * rng.uniform() - 1));
    const mood = 1 + rng.uniform();
    return { work, ms: ms * mood, ratio: ms / 2 };
  });
}

describe('fitLayerTimes', () => {
  it('foresees networks that it has not seen, whatever the machine’s mood', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.constantFrom(0, 0.1, 1, 5), { minLength: 2, maxLength: 6 }), (seed, each) => {
        fc.pre(each.some((ms) => ms > 0));
        const perUnit = Object.fromEntries(each.map((ms, k) => [`kind ${k}`, ms]));
        const times = fitLayerTimes(timed(seed, perUnit, 60));
        expect(times.error).toBeLessThan(0.05);
        for (const { work, ratio } of timed(`${seed} other`, perUnit, 10))
          expect(foreseenLatency(work, times)['latencyRatio']! / ratio).toBeCloseTo(1, 1);
      }),
      { numRuns: 30 },
    );
  });

  it('knows how wrong it is', () => {
    const perUnit = { a: 1, b: 3, c: 0.2 };
    const times = fitLayerTimes(timed('noise', perUnit, 100, 0.2));
    expect(times.error).toBeGreaterThan(0.1);
    expect(times.error).toBeLessThan(0.35);
    const others = timed('others', perUnit, 400, 0.2);
    const within = others.filter(
      ({ work, ratio }) => Math.abs(foreseenLatency(work, times)['latencyRatio']! / ratio - 1) <= times.error,
    );
    expect(within.length / others.length).toBeGreaterThan(0.85);
  });

  it('says nothing of work that it never saw, and takes amounts of 0 for what they are', () => {
    const samples = timed('kinds', { a: 1, b: 2 }, fewestTimed).map((sample) => ({
      ...sample,
      work: { ...sample.work, none: 0 },
    }));
    const times = fitLayerTimes(samples);
    expect(times.perUnit['none']).toBe(0);
    expect(foreseenLatency({ a: 3 }, times)['latencyMs']).toBeGreaterThan(0);
    expect(foreseenLatency({ a: 3, c: 1 }, times)).toEqual({});
  });

  it('takes nothing to be faster than no work at all', () => {
    const samples = timed('signs', { a: 1, b: 0 }, fewestTimed).map(({ work, ...rest }) => ({
      ...rest,
      work: { ...work, odd: 21 - work['a']! },
    }));
    expect(Object.values(fitLayerTimes(samples).perUnit).every((ms) => ms >= 0)).toBe(true);
  });
});
