import type { Candidate, Value } from '../../../core/candidate.ts';
import { isActive, switchesOf } from '../../space/conditions.ts';
import { levels, quantile, toUnit } from '../../space/domain.ts';
import type { Domain, Space } from '../../space/space.ts';

/** Ranges without steps, and with very many, are offered in so many places. */
const mostOptions = 16;

/** One parameter as a policy decides it: by picking one of its options. */
export interface Decision {
  readonly name: string;
  readonly options: readonly Value[];
  /** Decisions of one kind are about the same knob at different sites. */
  readonly kind: string;
  /** The option nearest to what a candidate has. */
  readonly optionOf: (candidate: Candidate) => number;
  /** Whether the parameter means anything in a candidate. */
  readonly counts: (candidate: Candidate) => boolean;
}

/** All decisions of a space, in the order of its parameters: that of the layers. */
export function decisionsOf(space: Space): Decision[] {
  const switches = switchesOf(space);
  return space.parameters.map(({ name, domain, target }, i) => {
    const options = optionsOf(domain);
    const known = new Map(options.map((value, option) => [value, option]));
    return {
      name,
      options,
      kind: target.kind === 'recipe' ? target.key : `${target.technique}.${target.knob}`,
      optionOf: (candidate) => known.get(candidate[name]!) ?? nearest(domain, options, candidate[name]!),
      counts: (candidate) => isActive(switches[i]!, candidate),
    };
  });
}

function optionsOf(domain: Domain): readonly Value[] {
  const all = levels(domain);
  if (all && (domain.kind === 'choice' || all.length <= mostOptions)) return all;
  return [...new Set(Array.from({ length: mostOptions }, (_, i) => quantile(domain, (i + 0.5) / mostOptions)))];
}

function nearest(domain: Domain, options: readonly Value[], value: Value): number {
  const distance = (option: Value) => Math.abs(toUnit(domain, option) - toUnit(domain, value));
  return options.reduce<number>((best, option, i) => (distance(option) < distance(options[best]!) ? i : best), 0);
}
