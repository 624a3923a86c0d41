import type { Candidate, Value } from '../../core/candidate.ts';
import type { Space } from './space.ts';

/** A parameter that can switch others off, by standing at its off value. */
interface Switch {
  readonly name: string;
  readonly off: Value;
}

/**
 * For every parameter of a space, in order, the switches that it depends on: a technique that is off at a site (keep all
 * channels, 32 bits) makes its other knobs there mean nothing.
 */
export function switchesOf(space: Space): readonly (readonly Switch[])[] {
  const bySite = new Map<string, Switch[]>();
  for (const { name, target, off } of space.parameters) {
    if (target.kind !== 'technique' || off === undefined) continue;
    const site = `${target.technique} ${target.site}`;
    bySite.set(site, [...(bySite.get(site) ?? []), { name, off }]);
  }
  return space.parameters.map(({ name, target }) => {
    const switches = target.kind === 'technique' ? (bySite.get(`${target.technique} ${target.site}`) ?? []) : [];
    return switches.filter((other) => other.name !== name);
  });
}

/** Whether a parameter with these switches means anything in a candidate. */
export const isActive = (switches: readonly Switch[], candidate: Candidate): boolean =>
  switches.every(({ name, off }) => candidate[name] !== off);
