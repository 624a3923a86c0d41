import type { Candidate, Value } from '../../../core/candidate.ts';
import { isActive, switchesOf } from '../../space/conditions.ts';
import { levels, quantile, toUnit } from '../../space/domain.ts';
import type { Domain, Space } from '../../space/space.ts';

/** Ranges without steps, and with very many, are cut into so many stretches. */
const mostOptions = 16;

/** One parameter as a policy decides it: by picking one of its options. */
export interface Decision {
  readonly name: string;
  /** For a range that is cut into stretches, the middle of each. */
  readonly options: readonly Value[];
  /** A value of an option: of a stretch, the one at this part of it, in [0, 1). */
  readonly valueAt: (option: number, within: number) => Value;
  /** Decisions of one kind are about the same knob at different sites. */
  readonly kind: string;
  /** The option nearest to what a candidate has. */
  readonly optionOf: (candidate: Candidate) => number;
  /** Whether the parameter means anything in a candidate. */
  readonly counts: (candidate: Candidate) => boolean;
}

const stretches = Array.from({ length: mostOptions }, (_, i) => i);

/** All decisions of a space, in the order of its parameters: that of the layers. */
export function decisionsOf(space: Space): Decision[] {
  const switches = switchesOf(space);
  return space.parameters.map(({ name, domain, target }, i) => {
    const all = levels(domain);
    const exact = all && (domain.kind === 'choice' || all.length <= mostOptions) ? all : undefined;
    const options = exact ?? stretches.map((stretch) => quantile(domain, (stretch + 0.5) / mostOptions));
    const known = new Map(options.map((value, option) => [value, option]));
    return {
      name,
      options,
      valueAt: (option, within) => exact?.[option] ?? quantile(domain, (option + within) / mostOptions),
      kind: target.kind === 'recipe' ? target.key : `${target.technique}.${target.knob}`,
      optionOf: (candidate) => known.get(candidate[name]!) ?? nearest(domain, options, candidate[name]!),
      counts: (candidate) => isActive(switches[i]!, candidate),
    };
  });
}

function nearest(domain: Domain, options: readonly Value[], value: Value): number {
  const distance = (option: Value) => Math.abs(toUnit(domain, option) - toUnit(domain, value));
  return options.reduce<number>((best, option, i) => (distance(option) < distance(options[best]!) ? i : best), 0);
}
