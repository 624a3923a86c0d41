import type { Candidate, Value } from '../../core/candidate.ts';
import { createRng, type Rng } from '../../core/rng.ts';
import type { Domain, Parameter, Space } from '../space/space.ts';

/**
 * One variable of a test function. The function sees a number on [0, 1]; for a distance variable 0 is best. The optimum
 * lies somewhere inside the domain, drawn per variable: no search profits from leaning to an edge.
 */
export interface Variable {
  readonly parameters: readonly Parameter[];
  readonly read: (candidate: Candidate) => number;
}

const recipeParameter = (name: string, domain: Domain): Parameter => ({ name, domain, target: { kind: 'recipe', key: name } });

const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The position along the front: `levels` values on [0, 1], or all of them. */
export function position(name: string, levels?: number): Variable {
  const domain: Domain =
    levels === undefined
      ? { kind: 'range', min: 0, max: 1 }
      : { kind: 'choice', values: numbersTo(levels).map((i) => i / (levels - 1)), ordered: true };
  return { parameters: [recipeParameter(name, domain)], read: (candidate) => Number(candidate[name]) };
}

/** Ordered levels 0 … levels-1; the distance is counted in levels. */
function orderedDistance(name: string, levels: number, rng: Rng): Variable {
  const best = rng.int(levels);
  const parameter = recipeParameter(name, { kind: 'choice', values: numbersTo(levels), ordered: true });
  return { parameters: [parameter], read: (candidate) => Math.abs(Number(candidate[name]) - best) / (levels - 1) };
}

function continuousDistance(name: string, rng: Rng): Variable {
  const best = rng.uniform();
  const parameter = recipeParameter(name, { kind: 'range', min: 0, max: 1 });
  return { parameters: [parameter], read: (candidate) => Math.abs(Number(candidate[name]) - best) };
}

/** Names without an order, at distances 0, 1/(n-1) … 1 in a drawn order. */
function unorderedDistance(name: string, rng: Rng): Variable {
  const values = ['a', 'b', 'c', 'd', 'e'];
  const order = rng.shuffle(values);
  const parameter = recipeParameter(name, { kind: 'choice', values, ordered: false });
  return { parameters: [parameter], read: (candidate) => order.indexOf(String(candidate[name])) / (values.length - 1) };
}

/**
 * A choice that decides whether a number matters: `off` is a fair value and needs none, one of the two kinds is best of all
 * if its number is right, and with the other kind no number helps much.
 */
function conditionalDistance(site: string, rng: Rng): Variable {
  const best = rng.uniform();
  const good = rng.pick(['a', 'b']);
  const knob = (name: string, domain: Domain, off?: Value): Parameter => {
    const parameter = {
      name: `${site}/branch.${name}`,
      domain,
      target: { kind: 'technique', technique: 'branch', site, knob: name } as const,
    };
    return off === undefined ? parameter : { ...parameter, off };
  };
  const kind = knob('kind', { kind: 'choice', values: ['off', 'a', 'b'], ordered: false }, 'off');
  const amount = knob('amount', { kind: 'range', min: 0, max: 1 });
  return {
    parameters: [kind, amount],
    read: (candidate) => {
      if (candidate[kind.name] === 'off') return 0.4;
      const miss = Math.abs(Number(candidate[amount.name]) - best);
      return candidate[kind.name] === good ? miss : 0.3 + 0.7 * miss;
    },
  };
}

/** `count` ordered choices. */
export function discreteDistances(seed: string, count: number, levels: number): Variable[] {
  const rng = createRng('problem', seed);
  return numbersTo(count).map((i) => orderedDistance(`x${i + 1}`, levels, rng));
}

/** Nine variables: three numbers, three ordered choices, an unordered one, and two that depend on a choice. */
export function mixedDistances(seed: string, levels: number): Variable[] {
  const rng = createRng('problem', seed);
  return [
    ...['x1', 'x2', 'x3'].map((name) => continuousDistance(name, rng)),
    ...['x4', 'x5', 'x6'].map((name) => orderedDistance(name, levels, rng)),
    unorderedDistance('x7', rng),
    ...['x8', 'x9'].map((site) => conditionalDistance(site, rng)),
  ];
}

export const spaceOf = (variables: readonly Variable[]): Space => ({
  parameters: variables.flatMap(({ parameters }) => parameters),
  fixed: { recipe: {}, techniques: {} },
});
