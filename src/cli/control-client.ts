import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandAnswer, ControlChannel, StudyCommand } from '../core/control.ts';
import { NasError } from '../core/errors.ts';
import { openStore, readStudy } from '../store/index.ts';
import { leaseStudy } from './lease.ts';

/** The search looks twice a second. */
const answerMs = 10_000;
const lookMs = 100;

export interface ControlTarget {
  readonly db: string;
  readonly study: string;
  readonly channel: ControlChannel;
  /** Whether a search runs the study just now. */
  readonly isRunning: () => boolean;
}

/**
 * Has a command carried out from outside the search: by the search, where one runs the study; a mark by ourselves where none
 * does, as the one writer for that moment. What was sent and not answered may still be carried out; the answer says so.
 */
export async function sendCommand(target: ControlTarget, command: StudyCommand): Promise<CommandAnswer> {
  if (!target.isRunning()) return alone(target, command);
  const id = randomUUID();
  target.channel.send(target.study, { id, command, sentAt: Date.now() });
  for (const until = performance.now() + answerMs; performance.now() < until; ) {
    await sleep(lookMs);
    const answer = target.channel.answerOf(id);
    if (answer) return answer;
    // It has ended, or there was none: who marks a trial holds the study for a moment, too.
    if (!target.isRunning()) return alone(target, command);
  }
  return { done: false, message: 'The search has not answered in 10 s: it is busy, and may still do it.' };
}

const alone = (target: ControlTarget, command: StudyCommand): CommandAnswer =>
  command.type === 'favourite' ? markAlone(target, command) : { done: false, message: 'No search runs this study.' };

/** Throws NasError STORE_LOCKED where a search has just begun. */
function markAlone({ db, study }: ControlTarget, command: Extract<StudyCommand, { type: 'favourite' }>): CommandAnswer {
  const { trial, favourite } = command;
  const store = openStore(db, { mode: 'write' });
  try {
    leaseStudy(store, study, db);
    const { trials } = readStudy(store, study);
    if (!trials[trial]) {
      throw new NasError('TRIAL_MISSING', `study "${study}" has no trial ${trial}. It has 0 to ${trials.length - 1}.`, {
        facts: { study, trial, trials: trials.length },
      });
    }
    store.append(study, [{ type: 'favourite', at: Date.now(), trial, favourite }]);
  } finally {
    store.close();
  }
  return { done: true, message: favourite ? `Trial ${trial} is a favourite.` : `Trial ${trial} is no favourite any more.` };
}
