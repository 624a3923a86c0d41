import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Garbage that is left lying: a quarter of what lived at the last collection, at least so many bytes. */
const [share, least] = [0.25, 8 * 2 ** 20];

/**
 * Collects the garbage of a process that lives for hours. By itself the JavaScript engine begins with old objects only once
 * there are some hundred MB of them, since memory is all the same to it; here it is memory that trials could have.
 */
export class GarbageWatch {
  readonly #collect: () => void;
  readonly #used: () => number;
  #lived: number;

  /** `used`: bytes of old objects, garbage and all. */
  constructor(collect = collector(), used = oldBytes) {
    [this.#collect, this.#used, this.#lived] = [collect, used, used()];
  }

  /** Costs nothing most of the time; tens of milliseconds where there is much to collect. */
  look(): void {
    if (this.#used() < this.#lived + Math.max(least, share * this.#lived)) return;
    this.#collect();
    this.#lived = this.#used();
  }
}

/** Young objects are collected all the time, by themselves. */
const oldBytes = (): number =>
  getHeapSpaceStatistics().reduce(
    (sum, { space_name, space_used_size }) => sum + (young.test(space_name) ? 0 : space_used_size),
    0,
  );

const young = /^new_/;

/** The engine's own collector, which Node gives out on request; pages that are half empty are given back. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  setFlagsFromString('--compact-on-every-full-gc');
  return runInNewContext('gc') as () => void;
}
