import type { Candidate } from '../../core/candidate.ts';

/** The same key function, asked once per candidate: the controller and the loop both want a candidate's key, several times. */
export function rememberKeys(keyOf: (candidate: Candidate) => string): (candidate: Candidate) => string {
  const keys = new WeakMap<Candidate, string>();
  return (candidate) => {
    const known = keys.get(candidate);
    if (known !== undefined) return known;
    const key = keyOf(candidate);
    keys.set(candidate, key);
    return key;
  };
}
