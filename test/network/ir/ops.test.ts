import { describe, expect, it } from 'vitest';
import { ops } from '../../../src/network/ir/ops/index.ts';
import { expectGradient, nameOf } from '../../fixtures/gradient.ts';
import { opCases } from '../../fixtures/gradient-cases.ts';
import { kernels } from '../../fixtures/interpreter.ts';

const key = ({ domain, op }: { domain?: string; op: string }) => `${domain ?? ''}:${op}`;

describe('every op of the index', () => {
  it.each(ops.map(key))('%s has a case and a reference', (name) => {
    expect(opCases.map(key)).toContain(name);
    expect(Object.keys(kernels)).toContain(name);
  });

  it('has no case for an op that is gone', () => {
    const known = ops.map(key);
    expect(opCases.map(key).filter((name) => !known.includes(name))).toEqual([]);
  });

  it.each(opCases.map((testCase) => [nameOf(testCase), testCase] as const))('%s', (_, testCase) => {
    expectGradient(testCase, { seed: 'first' });
    expectGradient(testCase, { seed: 'second' });
  });
});
