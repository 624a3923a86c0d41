import type { Candidate, Value } from '../../core/candidate.ts';
import { isOrdered, levelAt, levelCount } from '../space/domain.ts';
import { nearest } from '../space/plan.ts';
import type { Domain, Parameter, Space } from '../space/space.ts';

/** One technique at one site, everything else left as dense as the space allows. */
export interface Probe {
  readonly technique: string;
  readonly site: string;
  /** The values of the technique's parameters at the site, by knob. */
  readonly settings: Readonly<Record<string, Value>>;
  /** The same by the names of the space's parameters: what differs, or may differ, from the undisturbed candidate. */
  readonly values: Candidate;
  readonly candidate: Candidate;
}

/** Values of one parameter that are tried, and settings of one technique at one site. */
const [mostValues, mostSettings] = [8, 24];

/** The candidate that leaves the network alone as far as the space can say so: what probes are compared with. */
export const undisturbed = (space: Space): Candidate => nearest(space, { recipe: {}, techniques: {} });

/**
 * Every technique at every site of a space, each with all settings that the space allows there: the cost of each choice on
 * its own. Where those are many, choices without an order (a criterion, a method) stay at their default and long ranges are
 * sampled. Settings that mean the same network (`keyOf`) are probed once, those that change nothing not at all.
 */
export function probesOf(space: Space, keyOf: (candidate: Candidate) => string): Probe[] {
  const base = undisturbed(space);
  const seen = new Set([keyOf(base)]);
  return [...groups(space).values()].flatMap((parameters) => {
    const { technique, site } = parameters[0]!.target as Target;
    return settingsOf(parameters, base).flatMap((values) => {
      const candidate = { ...base, ...values };
      const key = keyOf(candidate);
      if (seen.has(key)) return [];
      seen.add(key);
      const settings = parameters.map(({ name, target }) => [(target as Target).knob, candidate[name]!] as const);
      return [{ technique, site, settings: Object.fromEntries(settings), values, candidate }];
    });
  });
}

type Target = Extract<Parameter['target'], { kind: 'technique' }>;

/** The parameters of every technique at every site, in the order of the space. */
function groups(space: Space): Map<string, Parameter[]> {
  const found = new Map<string, Parameter[]>();
  for (const parameter of space.parameters) {
    if (parameter.target.kind !== 'technique') continue;
    const key = `${parameter.target.technique} ${parameter.target.site}`;
    found.set(key, [...(found.get(key) ?? []), parameter]);
  }
  return found;
}

/** Combinations of the parameters' values. */
function settingsOf(parameters: readonly Parameter[], base: Candidate): Candidate[] {
  const values = parameters.map(({ domain }) => valuesOf(domain));
  const count = values.reduce((product, list) => product * list.length, 1);
  const fewer = parameters.map((parameter, i) =>
    isVaried(parameter) ? values[i]! : [parameter.default ?? base[parameter.name]!],
  );
  const lists = count <= mostSettings ? values : fewer;
  const all = lists.reduce<Candidate[]>(
    (partial, list, i) => partial.flatMap((candidate) => list.map((value) => ({ ...candidate, [parameters[i]!.name]: value }))),
    [{}],
  );
  return spread(all, mostSettings);
}

/** What says how strong a technique is: a parameter with an order, or with a value at which it is off. */
const isVaried = ({ domain, off }: Parameter) => isOrdered(domain) || off !== undefined;

function valuesOf(domain: Domain): readonly Value[] {
  const count = levelCount(domain);
  if (domain.kind === 'range' && count === 'infinite') {
    return Array.from({ length: mostValues }, (_, i) => domain.min + (i * (domain.max - domain.min)) / (mostValues - 1));
  }
  const all = Array.from({ length: count as number }, (_, i) => levelAt(domain, i));
  return isOrdered(domain) ? spread(all, mostValues) : all;
}

/** At most `most` of a list, the ends among them, evenly spread. */
function spread<T>(list: readonly T[], most: number): T[] {
  if (list.length <= most) return [...list];
  return Array.from({ length: most }, (_, i) => list[Math.round((i * (list.length - 1)) / (most - 1))]!);
}
