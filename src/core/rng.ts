import seedrandom from 'seedrandom';

/** A stream of random numbers. Every purpose has its own: `createRng(seed, trial, 'shuffle')`. */
export interface Rng {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform integer in [0, n). */
  int(n: number): number;
  /** Standard normal (Box-Muller; one draw per call, so that streams stay easy to reason about). */
  normal(): number;
  /** One entry of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(list: readonly T[]): T[];
}

/**
 * The stream named by its parts, e.g. `createRng(seed, trial, 'augment')`. Equal parts give equal streams on every
 * machine; no stream depends on how much another was used, so workers and resumes cannot shift it.
 */
export function createRng(...parts: readonly (string | number)[]): Rng {
  const next = seedrandom.alea(parts.join('/'));
  const uniform = () => next();
  const int = (n: number) => Math.floor(next() * n);
  return {
    uniform,
    int,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: (list) => list[int(list.length)]!,
    shuffle(list) {
      const copy = [...list];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = int(i + 1);
        [copy[i], copy[j]] = [copy[j]!, copy[i]!];
      }
      return copy;
    },
  };
}
