import type { Candidate } from '../../core/candidate.ts';
import { didYouMean, NasError } from '../../core/errors.ts';
import { contains } from './domain.ts';
import type { Domain, Space } from './space.ts';

/**
 * Makes sure that a candidate belongs to a space: every parameter set, to a value of its domain, and nothing else.
 * Throws NasError: CANDIDATE_UNKNOWN, CANDIDATE_MISSING, CANDIDATE_VALUE.
 */
export function check(space: Space, candidate: Candidate): void {
  const names = space.parameters.map(({ name }) => name);
  const known = new Set(names);
  const unknown = Object.keys(candidate).find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new NasError('CANDIDATE_UNKNOWN', `the space has no parameter "${unknown}".${didYouMean(unknown, names)}`, {
      facts: { name: unknown },
    });
  }
  for (const { name, domain } of space.parameters) {
    const value = candidate[name];
    if (value === undefined)
      throw new NasError('CANDIDATE_MISSING', `the candidate lacks a value for "${name}"`, { facts: { name } });
    if (contains(domain, value)) continue;
    const message = `"${name}" is ${JSON.stringify(value)}; the space allows ${describeDomain(domain)}`;
    throw new NasError('CANDIDATE_VALUE', message, { facts: { name, value } });
  }
}

/** A domain in words, for messages: `one of 8, 32` or `0.1 to 1 in steps of 0.1`. */
function describeDomain(domain: Domain): string {
  if (domain.kind === 'choice') return `one of ${domain.values.join(', ')}`;
  const step = domain.step === undefined ? '' : ` in steps of ${domain.step}`;
  return `${domain.integer ? 'whole numbers ' : ''}${domain.min} to ${domain.max}${step}`;
}
