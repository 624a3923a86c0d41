import type { Json } from './json.ts';

/** A position in a user's file, 1-based, as editors and terminals show it. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Process exit codes; the README documents them. */
export const exitCodes = { ok: 0, failure: 1, badInput: 2, interrupted: 130 } as const;

/**
 * The one error class. `code` is stable and made for programs; `message` says what is wrong, what was found and
 * what to do; `facts` carries the same as data; `at` points into the user's file where there is one.
 *
 * Codes of bad input end in exit code 2, everything else in 1: the class of a code is its `exitCode`.
 */
export class NasError extends Error {
  override readonly name = 'NasError';
  readonly code: string;
  readonly facts: { readonly [key: string]: Json };
  readonly at: SourcePosition | undefined;
  readonly exitCode: number;
  /** Lines of the user's file around `at` with a caret, ready to print; empty where there is no file. */
  readonly frame: string;

  constructor(code: string, message: string, options: NasErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.facts = options.facts ?? {};
    this.at = options.at;
    this.frame = options.frame ?? '';
    this.exitCode = options.exitCode ?? exitCodes.badInput;
  }
}

export interface NasErrorOptions {
  readonly facts?: { readonly [key: string]: Json };
  readonly at?: SourcePosition;
  readonly frame?: string;
  /** Defaults to 2, bad input. */
  readonly exitCode?: number;
  readonly cause?: unknown;
}

/** Picks an entry of a registry by name; the error lists the known names and guesses the one meant. */
export function pick<T extends { readonly name: string }>(kind: string, list: readonly T[], name: string): T {
  const found = list.find((entry) => entry.name === name);
  if (found) return found;
  const names = list.map((entry) => entry.name);
  throw new NasError(
    `UNKNOWN_${kind.toUpperCase()}`,
    `unknown ${kind} "${name}".${didYouMean(name, names)} Known: ${names.join(', ')}.`,
    {
      facts: { kind, name, known: names },
    },
  );
}

/** ` Did you mean "x"?`, or nothing where no known name is close. */
export function didYouMean(name: string, known: readonly string[]): string {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best === undefined ? '' : ` Did you mean "${best}"?`;
}

/** Levenshtein distance with adjacent swaps counted as one edit (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}
