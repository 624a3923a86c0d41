import { NasError } from '../core/errors.ts';
import type { TrialStore } from '../core/store.ts';
import { studyWords } from './shell.ts';

/**
 * Takes the right to write a study. Throws NasError STORE_LOCKED that says who has it and how it is had; `otherwise`: what this
 * command could do instead.
 */
export function leaseStudy(store: TrialStore, study: string, db: string, otherwise = ''): void {
  try {
    store.lease(study);
  } catch (error) {
    if (!(error instanceof NasError) || error.code !== 'STORE_LOCKED' || error.facts['study'] === undefined) throw error;
    const stop = `nas control stop ${studyWords(db, study)}`;
    const message = `${error.message} Wait for it to end, or stop a search with "${stop}" (nas search goes on with it later), and run this command again.${otherwise}`;
    throw new NasError(error.code, message, { facts: { ...error.facts, stop }, cause: error });
  }
}
