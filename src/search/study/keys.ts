import { createHash } from 'node:crypto';
import type { Candidate } from '../../core/candidate.ts';

/**
 * Canonical key of a candidate: equal for candidates that mean the same network. A hash of what it means: a study remembers
 * one for every trial, and of a large network the meaning itself takes kilobytes.
 */
export interface KeyFunction {
  (candidate: Candidate): string;
  /** Spares it the keys that a study's log has, where they are what it would find itself: an older version's may be others. */
  recall(trials: readonly { readonly candidate: Candidate; readonly key: string }[]): void;
  /** A key as a log has it: earlier versions kept the meaning itself, as JSON. */
  recorded(key: string): string;
}

/** Recorded keys that are worked out again before all are believed. */
const spotChecks = 16;

/** Works a key out from what a candidate means, once per candidate object, and not at all where it was recalled. */
export function keyFunctionOf(meaningOf: (candidate: Candidate) => string): KeyFunction {
  const compute = (candidate: Candidate) => hashOf(meaningOf(candidate));
  /** By what a candidate says: a controller's saved state brings candidates of its own. */
  const recalled = new Map<string, string>();
  const find = (candidate: Candidate) =>
    (recalled.size > 0 ? recalled.get(fingerprint(candidate)) : undefined) ?? compute(candidate);
  return Object.assign(rememberPerCandidate(find), {
    recall(trials: readonly { readonly candidate: Candidate; readonly key: string }[]) {
      const every = Math.max(1, Math.floor(trials.length / spotChecks));
      if (trials.some(({ candidate, key }, i) => i % every === 0 && compute(candidate) !== key)) return;
      for (const { candidate, key } of trials) recalled.set(fingerprint(candidate), key);
    },
    recorded: (key: string) => (key.startsWith('{') ? hashOf(key) : key),
  });
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Short, whatever the number of choices: a study has one for every trial. */
const fingerprint = (candidate: Candidate): string => hashOf(JSON.stringify(candidate));

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

/** The same function, which knows its latest answer. */
export function rememberLatest<A, T>(compute: (argument: A) => T): (argument: A) => T {
  let latest: { readonly argument: A; readonly value: T } | undefined;
  return (argument) => {
    if (latest?.argument !== argument) latest = { argument, value: compute(argument) };
    return latest!.value;
  };
}

/** Values kept by key before they are all dropped: some megabytes. */
const mostKept = 5_000;

/** The same function, asked once per key for as long as it is remembered. Equal keys must have equal values. */
export function rememberPerKey<T>(keyOf: (candidate: Candidate) => string, compute: (candidate: Candidate) => T) {
  const known = new Map<string, T>();
  return (candidate: Candidate): T => {
    const key = hashOf(keyOf(candidate));
    if (known.has(key)) return known.get(key)!;
    if (known.size >= mostKept) known.clear();
    const value = compute(candidate);
    known.set(key, value);
    return value;
  };
}
