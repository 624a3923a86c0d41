/** From this share of the cap on, threads are asked to give back what they keep only to be faster. */
const shortFrom = 0.85;
/** How long that may take. */
const patienceMs = 1000;
/** Above this share there is no time to ask. */
const endAt = 1.25;

/** What to do about the memory of a process. */
export interface Verdict {
  readonly short: boolean;
  readonly end: boolean;
}

/**
 * Looks at a process's resident memory against its cap, again and again: first what is kept for speed has to go, and
 * only a process that is still over the cap after that ends.
 */
export class MemoryCap {
  readonly #capMb: number;
  #shortSinceMs: number | undefined;

  constructor(capMb: number) {
    this.#capMb = capMb;
  }

  /** `nowMs`: of any clock that only rises. */
  look(rssMb: number, nowMs: number): Verdict {
    const short = rssMb > shortFrom * this.#capMb;
    this.#shortSinceMs = short ? (this.#shortSinceMs ?? nowMs) : undefined;
    const asked = this.#shortSinceMs !== undefined && nowMs - this.#shortSinceMs >= patienceMs;
    return { short, end: rssMb > endAt * this.#capMb || (asked && rssMb > this.#capMb) };
  }
}
