import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../src/core/candidate.ts';
import type { ControllerContext } from '../../../src/core/controller.ts';
import type { Constraint } from '../../../src/core/objective.ts';
import { createRng } from '../../../src/core/rng.ts';
import { Foresight } from '../../../src/search/controllers/foresight.ts';
import { surrogate } from '../../../src/search/controllers/surrogate/surrogate.ts';
import type { Space } from '../../../src/search/space/space.ts';

const values = Array.from({ length: 12 }, (_, i) => i + 1);
const space: Space = {
  fixed: { recipe: {}, techniques: {} },
  parameters: ['a', 'b', 'c'].map((name) => ({
    name,
    domain: { kind: 'choice', values, ordered: true } as const,
    target: { kind: 'recipe', key: name } as const,
  })),
};
const sumOf = (candidate: Readonly<Record<string, unknown>>) =>
  Object.values(candidate).reduce<number>((sum, value) => sum + Number(value), 0);

const contextOf = (constraints: readonly Constraint[], doubt?: Readonly<Record<string, number>>): ControllerContext<Space> => ({
  space,
  goal: {
    objectives: [
      { metric: 'accuracy', direction: 'maximize' },
      { metric: 'time', direction: 'minimize' },
    ],
    constraints,
  },
  seed: 'foresight',
  keyOf: (candidate) => JSON.stringify(candidate),
  predict: (candidate) => ({ time: sumOf(candidate) }),
  logScale: new Set(['time']),
  ...(doubt ? { doubt } : {}),
});

const atMost = (bound: number): Constraint => ({ metric: 'time', op: '<=', bound });

describe('what is foreseen with a doubt', () => {
  it('misses a bound only where it surely does', () => {
    const violationOf = (doubt: Readonly<Record<string, number>> | undefined, constraint: Constraint) =>
      new Foresight(contextOf([constraint], doubt)).violation({ a: 4, b: 4, c: 3 });
    expect(violationOf(undefined, atMost(10))).toBeCloseTo(0.1);
    expect(violationOf({ time: 0.1 }, atMost(10))).toBe(0);
    expect(violationOf({ time: 0.05 }, atMost(10))).toBeCloseTo(0.5 / 10.5);
    expect(violationOf({ other: 0.5 }, atMost(10))).toBeCloseTo(0.1);
    expect(violationOf({ time: 0.1 }, { metric: 'time', op: '>=', bound: 12 })).toBe(0);
    expect(violationOf({ time: 0.05 }, { metric: 'time', op: '>=', bound: 12 })).toBeGreaterThan(0);
  });

  it('stays in force where it lacks for one candidate', () => {
    const context = contextOf([atMost(10)], { time: 0.1 });
    const lacking = {
      ...context,
      predict: (candidate: Candidate) => ({ size: 1, ...(candidate['a'] === 1 ? {} : context.predict!(candidate)) }),
    };
    const foresight = new Foresight(lacking);
    expect(foresight.violation({ a: 1, b: 12, c: 12 })).toBe(0);
    expect(foresight.violation({ a: 2, b: 12, c: 12 })).toBeGreaterThan(1);
  });

  it.each([0, 0.2])('surrogate proposes nothing that surely misses, and finds what is fast and good (doubt %d)', (doubt) => {
    const context = contextOf([atMost(12)], doubt > 0 ? { time: doubt } : undefined);
    const controller = surrogate.create(context);
    const rng = createRng('times');
    const proposed: number[] = [];
    for (let trial = 0; trial < 40; trial++) {
      const candidate = controller.ask(trial)!;
      const foreseen = sumOf(candidate);
      proposed.push(foreseen);
      // Measured, the time is another one, within the doubt.
      const time = foreseen * (1 + doubt * (2 * rng.uniform() - 1));
      controller.tell({ trial, candidate, metrics: { accuracy: Number(candidate['a']) - 0.1 * Number(candidate['b']), time } });
    }
    expect(Math.max(...proposed)).toBeLessThanOrEqual(12 * (1 + doubt));
    // The best: all of it in `a`, nothing in the others.
    expect(proposed.some((time) => time <= 4)).toBe(true);
    expect(proposed.slice(20).some((time) => time >= 11)).toBe(true);
  });
});
