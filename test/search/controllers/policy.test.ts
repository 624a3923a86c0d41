import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import { decisionsOf } from '../../../src/search/controllers/policy/decisions.ts';
import { factorisedPolicy } from '../../../src/search/controllers/policy/factorised.ts';
import type { PolicyNetwork } from '../../../src/search/controllers/policy/network.ts';
import { recurrentPolicy } from '../../../src/search/controllers/policy/recurrent.ts';
import { preferencesFor } from '../../../src/search/controllers/policy/reward.ts';
import { importance, proximalWeight, slopesOf } from '../../../src/search/controllers/policy/slopes.ts';
import type { Space } from '../../../src/search/space/space.ts';

const optionCounts = [3, 2, 4, 2, 4];
const options = [2, 0, 1, 1, 3];

const networks: Record<string, () => PolicyNetwork> = {
  factorised: () => factorisedPolicy(optionCounts, 2),
  recurrent: () =>
    recurrentPolicy(
      {
        optionCounts,
        kinds: [0, 1, 2, 1, 2],
        preferences: [
          [0.3, 0.7],
          [0.8, 0.2],
        ],
      },
      createRng('network'),
    ),
};

function follow(network: PolicyNetwork, preference: number) {
  const walk = network.walk(preference);
  const looks = options.map((option) => {
    const look = walk.look();
    walk.choose(option);
    return look;
  });
  return { walk, looks };
}

describe.each(Object.entries(networks))('%s policy', (_, create) => {
  const weights = [1, -0.5, 2, 0.3, -1.5];
  const entropyWeight = 0.01;

  /** What `slopesOf` is the slope of: weighted log-probabilities and entropies. */
  const worth = (network: PolicyNetwork) =>
    follow(network, 1).looks.reduce((sum, look, d) => {
      const entropy = look.reduce((total, logarithm) => total - Math.exp(logarithm) * logarithm, 0);
      return sum + weights[d]! * look[options[d]!]! + entropyWeight * entropy;
    }, 0);

  it('has the gradient that differences show', () => {
    const network = create();
    const rng = createRng('parameters');
    for (let i = 0; i < network.parameters.length; i++) network.parameters[i] = 0.5 * rng.normal();
    const { walk, looks } = follow(network, 1);
    const gradient = new Float64Array(network.parameters.length);
    walk.backward(
      looks.map((look, d) => slopesOf(look, options[d]!, weights[d]!)),
      gradient,
    );
    for (let i = 0; i < gradient.length; i++) {
      const at = network.parameters[i]!;
      const valueAt = (value: number) => {
        network.parameters[i] = value;
        const result = worth(network);
        network.parameters[i] = at;
        return result;
      };
      expect(gradient[i]).toBeCloseTo((valueAt(at + 1e-5) - valueAt(at - 1e-5)) / 2e-5, 5);
    }
  });

  it('gives chances that sum to 1', () => {
    for (const look of follow(create(), 0).looks) {
      expect(look.reduce((sum, logarithm) => sum + Math.exp(logarithm), 0)).toBeCloseTo(1, 12);
    }
  });
});

describe('weights of a result', () => {
  it('stop once a choice has moved far enough, and only in the direction of the advantage', () => {
    const start = Math.log(0.4);
    expect(proximalWeight(1, Math.log(0.6), start)).toBe(0);
    expect(proximalWeight(-1, Math.log(0.2), start)).toBe(0);
    expect(proximalWeight(1, Math.log(0.2), start)).toBeCloseTo(0.5, 12);
    expect(proximalWeight(2, start, start)).toBe(2);
  });

  it('count what another policy did as far as this one would have done it', () => {
    expect(importance(Math.log(0.2), Math.log(0.4))).toBeCloseTo(0.5, 12);
    expect(importance(Math.log(0.9), Math.log(0.1))).toBe(1);
    expect(importance(Math.log(0.001), Math.log(0.9))).toBe(0.1);
  });
});

describe('decisions', () => {
  const range = { name: 'trial.rate', domain: { kind: 'range', min: 0, max: 1 }, target: { kind: 'recipe', key: 'rate' } };
  const choice = { name: 'trial.epochs', domain: { kind: 'choice', values: [1, 2, 4], ordered: true }, target: range.target };
  const space = { parameters: [range, choice], fixed: { recipe: {}, techniques: {} } } as unknown as Space;

  it('reach every place of a range, and know the option that a value came from', () => {
    const [rate, epochs] = decisionsOf(space);
    for (const [option] of rate!.options.entries()) {
      for (const within of [0.01, 0.3, 0.99]) {
        const value = rate!.valueAt(option, within);
        expect(value).toBeCloseTo((option + within) / rate!.options.length, 9);
        expect(rate!.optionOf({ 'trial.rate': value, 'trial.epochs': 1 })).toBe(option);
      }
    }
    expect([0, 1, 2].map((option) => epochs!.valueAt(option, 0.7))).toEqual([1, 2, 4]);
  });
});

describe('preferences', () => {
  const goal = {
    objectives: [
      { metric: 'accuracy', direction: 'maximize' },
      { metric: 'size', direction: 'minimize' },
    ],
    constraints: [],
  } as const;

  it('spread from one objective to the other, each summing to 1', () => {
    const preferences = preferencesFor(goal, new Set());
    expect(preferences).toHaveLength(5);
    for (const weights of preferences) expect(weights[0]! + weights[1]!).toBeCloseTo(1, 12);
  });

  it('have one more for the best within a budget that is known beforehand', () => {
    expect(preferencesFor(goal, new Set(['size'])).at(-1)).toEqual([1, 0]);
  });
});
