import type { Candidate } from '../../core/candidate.ts';

/** The same function, asked once per candidate object: controllers and the loop want the same of a candidate several times. */
export function rememberPerCandidate<T>(compute: (candidate: Candidate) => T): (candidate: Candidate) => T {
  const known = new WeakMap<Candidate, { readonly value: T }>();
  return (candidate) => {
    const before = known.get(candidate);
    if (before) return before.value;
    const value = compute(candidate);
    known.set(candidate, { value });
    return value;
  };
}

/** Values kept by key before they are all dropped: some megabytes. */
const mostKept = 20_000;

/** The same function, asked once per key for as long as it is remembered. Equal keys must have equal values. */
export function rememberPerKey<T>(keyOf: (candidate: Candidate) => string, compute: (candidate: Candidate) => T) {
  const known = new Map<string, T>();
  return (candidate: Candidate): T => {
    const key = keyOf(candidate);
    if (known.has(key)) return known.get(key)!;
    if (known.size >= mostKept) known.clear();
    const value = compute(candidate);
    known.set(key, value);
    return value;
  };
}
