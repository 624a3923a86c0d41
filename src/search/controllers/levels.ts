import type { Candidate, Value } from '../../core/candidate.ts';
import { isActive, switchesOf } from '../space/conditions.ts';
import { isOrdered, levelCount, levelIndex, toUnit } from '../space/domain.ts';
import type { Domain, Space } from '../space/space.ts';

/** Ranges without steps, and with very many, are told apart in so many places. */
const finest = 128;

/** One input of a model: `levels` values, at even distances where they are ordered. */
export interface Dimension {
  readonly levels: number;
  readonly ordered: boolean;
}

/**
 * Candidates as whole numbers, one per parameter, for models over the space. A parameter that another one switches off
 * always has the same number, so that two candidates that mean the same are the same point.
 */
export class LevelCode {
  readonly dimensions: readonly Dimension[];
  readonly #encoders: readonly ((candidate: Candidate, idle: number | undefined) => number)[];

  constructor(space: Space) {
    const switches = switchesOf(space);
    this.dimensions = space.parameters.map(({ domain }, i) => dimensionOf(domain, switches[i]!.length > 0));
    this.#encoders = space.parameters.map(({ name, domain }, i) => {
      const { levels, ordered } = this.dimensions[i]!;
      const resting = ordered ? levels >> 1 : levels - 1;
      const place = ordered
        ? (value: Value) => Math.round(toUnit(domain, value) * (levels - 1))
        : (value: Value) => levelIndex(domain, value);
      const levelOf = remembered(place);
      return (candidate, idle = resting) => (isActive(switches[i]!, candidate) ? levelOf(candidate[name]!) : idle);
    });
  }

  /** `idle`: the number of parameters that are switched off; a level of theirs where absent. */
  encode(candidate: Candidate, idle?: number): Uint8Array {
    return Uint8Array.from(this.#encoders, (encode) => encode(candidate, idle));
  }
}

/** The same function, asked once per value. */
function remembered(place: (value: Value) => number): (value: Value) => number {
  const known = new Map<Value, number>();
  return (value) => {
    const found = known.get(value);
    if (found !== undefined) return found;
    if (known.size >= 1000) known.clear();
    const level = place(value);
    known.set(value, level);
    return level;
  };
}

/** A choice without order that can be idle has one level more for that. */
function dimensionOf(domain: Domain, canBeIdle: boolean): Dimension {
  const count = levelCount(domain);
  if (!isOrdered(domain)) return { levels: Number(count) + (canBeIdle ? 1 : 0), ordered: false };
  const exact = count !== 'infinite' && count <= finest && !(domain.kind === 'range' && domain.log);
  return { levels: exact ? count : finest, ordered: true };
}
