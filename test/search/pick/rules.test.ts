import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NasError } from '../../../src/core/errors.ts';
import type { Metrics } from '../../../src/core/objective.ts';
import { flipsOf } from '../../../src/search/pick/flips.ts';
import { pickRules } from '../../../src/search/pick/index.ts';
import type { PickContext } from '../../../src/search/pick/rule.ts';

const context: PickContext = {
  goal: {
    objectives: [
      { metric: 'accuracy', direction: 'maximize' },
      { metric: 'size', direction: 'minimize' },
    ],
    constraints: [],
  },
  baseline: { accuracy: 0.92, size: 300_000 },
  images: 5000,
  logScale: new Set(['size', 'latencyMs']),
};

const member = (number: number, accuracy: number, size: number, latencyMs = size / 1000) => ({
  number,
  metrics: { accuracy, size, latencyMs },
});

/** Best accuracy first. The standard error at 92 % of 5000 images is 0.38 points. */
const front = [member(0, 0.92, 300_000), member(1, 0.917, 100_000), member(2, 0.911, 40_000), member(3, 0.8, 10_000)];

const ruleNamed = (name: string) => pickRules.find((rule) => rule.name === name)!;
const ranking = (name: string, members = front, given = context) =>
  ruleNamed(name)
    .rank(members, given)
    .map(({ number }) => number);

describe('pick rules', () => {
  it.each([
    ['margin', [2, 1, 0]],
    ['one-se', [1, 0]],
    ['smallest', [3, 2, 1, 0]],
    ['fastest', [3, 2, 1, 0]],
    ['accurate', [0, 1, 2, 3]],
    ['lexicographic', [2, 1, 0, 3]],
  ])('%s', (name, expected) => expect(ranking(name)).toEqual(expected));

  it('margin: says where nothing is within a point of the baseline', () => {
    const exception = (picked: (typeof front)[number], given = context) => ruleNamed('margin').exception?.(picked, given);
    expect(exception(front[2]!)).toBeUndefined();
    expect(exception(front[3]!)).toMatch(/None is/);
    const sizeOnly = { ...context, goal: { ...context.goal, objectives: context.goal.objectives.slice(1) } };
    expect(exception(front[3]!, sizeOnly)).toBeUndefined();
  });

  it('knee: nearest to the ideal along both axes, sizes by their ratios', () => {
    // Scaled losses: 0 → (0, 1), 1 → (0.025, 0.677), 2 → (0.075, 0.408), 3 → (1, 0).
    expect(ranking('knee')).toEqual([2, 1, 0, 3]);
    expect(ranking('knee', front, { ...context, logScale: new Set() })[0]).toBe(2);
  });

  it('contribution: what a member alone dominates', () => {
    // Rectangles of the front above: 0.025·0.1, 0.05·0.32, 0.925·0.27, 0.1·0.41 (reference 1.1).
    expect(ranking('contribution')).toEqual([2, 3, 1, 0]);
  });

  it('margin without accuracy among the objectives takes the first objective', () => {
    const goal = { objectives: [{ metric: 'size', direction: 'minimize' as const }], constraints: [] };
    expect(ranking('margin', front, { ...context, goal })[0]).toBe(3);
  });

  it('margin does not ask for more than the front has', () => {
    const worse = [member(4, 0.7, 10_000), member(5, 0.695, 5_000), member(6, 0.5, 1_000)];
    expect(ranking('margin', worse)).toEqual([5, 4]);
  });

  it('says which metric is missing, and which rule wants it', () => {
    const bare = [{ number: 7, metrics: { accuracy: 0.9, size: 1 } as Metrics }];
    const ask = () => ruleNamed('fastest').rank(bare, context);
    expect(ask).toThrow(NasError);
    expect(ask).toThrow(/"fastest" needs latencyMs.*trial 7/);
    const { images: _, ...without } = context;
    expect(() => ruleNamed('one-se').rank(front, without)).toThrow(/number of validation images/);
  });
});

const members = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 1, max: 10_000 })), {
    minLength: 1,
    maxLength: 12,
    selector: ([accuracy]) => accuracy,
  })
  .map((pairs) => pairs.map(([accuracy, size], number) => member(number, accuracy / 1000, size * 100)));

describe.each(pickRules.map((rule) => [rule.name, rule] as const))('%s, on any front', (_, rule) => {
  it('ranks members of the front, each at most once, in an order that does not depend on theirs', () => {
    fc.assert(
      fc.property(members, (list) => {
        const ranked = rule.rank(list, context);
        expect(ranked.length).toBeGreaterThan(0);
        expect(new Set(ranked).size).toBe(ranked.length);
        expect(ranked.every((each) => list.includes(each))).toBe(true);
        expect(rule.rank(list.toReversed(), context)[0]).toBe(ranked[0]);
      }),
    );
  });

  it('a value that is said to turn the choice turns it, and the one just short of it does not', () => {
    fc.assert(
      fc.property(members, (list) => {
        const [first, challenger] = rule.rank(list, context);
        if (!challenger) return;
        for (const { metric, value } of flipsOf(rule, list, challenger, context)) {
          const pickWith = (changed: number) => {
            const replaced = { ...challenger, metrics: { ...challenger.metrics, [metric]: changed } };
            return rule.rank(
              list.map((each) => (each === challenger ? replaced : each)),
              context,
            )[0]!.number;
          };
          expect(pickWith(value)).toBe(challenger.number);
          const own = challenger.metrics[metric as 'size'];
          expect(pickWith(value + (own - value) * 1e-6)).not.toBe(challenger.number);
          expect(first).not.toBe(challenger);
        }
      }),
    );
  });
});
