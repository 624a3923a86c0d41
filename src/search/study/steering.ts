import type { CommandAnswer, StudyCommand } from '../../core/control.ts';
import type { Trial } from '../../core/trial.ts';

/** How much is searched: `Budget` with every field there. */
export interface Budgeted {
  readonly trials: number;
  readonly seconds: number | undefined;
}

/** What steering needs of a running study. */
export interface Steerable extends Budgeted {
  readonly asked: number;
  /** Undefined for a number that no trial has. */
  stateOf(trial: number): Trial['state'] | undefined;
  pause(paused: boolean): void;
  stop(): void;
  cancel(trial: number): void;
  /** Recorded with the study. */
  setBudget(budget: Budgeted, command?: string): void;
  mark(trial: number, favourite: boolean, command?: string): void;
}

const refuse = (message: string): CommandAnswer => ({ done: false, message });
const agree = (message: string): CommandAnswer => ({ done: true, message });

/**
 * Carries out what a person asks of a running study. Candidates and their metrics stay those of the seed whatever the budget
 * becomes; a trial that is stopped by hand fails, and the controller learns that.
 */
export function steer(study: Steerable, command: StudyCommand, id?: string): CommandAnswer {
  switch (command.type) {
    case 'pause':
      study.pause(true);
      return agree('Paused: running trials wait between two steps.');
    case 'resume':
      study.pause(false);
      return agree('The search goes on.');
    case 'stop':
      study.stop();
      return agree('Stopping: running trials end at their next step, and run again when the study is resumed.');
    case 'stop-trial':
      return stopTrial(study, command.trial);
    case 'add-trials':
      return addTrials(study, command.trials, id);
    case 'time':
      study.setBudget({ trials: study.trials, seconds: command.seconds ?? undefined }, id);
      return agree(
        command.seconds === null ? 'No limit of time any more.' : `No trial starts after ${command.seconds} s of this session.`,
      );
    case 'favourite':
      return mark(study, command.trial, command.favourite, id);
    default:
      return command satisfies never;
  }
}

function stopTrial(study: Steerable, trial: number): CommandAnswer {
  if (trial === 0) return refuse('The baseline cannot be stopped: every other trial is measured against it.');
  const state = study.stateOf(trial);
  if (state !== 'running')
    return refuse(state === undefined ? missing(study, trial) : `Trial ${trial} does not run: it is ${state}.`);
  study.cancel(trial);
  return agree(`Trial ${trial} ends at its next step, for good.`);
}

function addTrials(study: Steerable, count: number, id: string | undefined): CommandAnswer {
  const trials = Math.max(study.asked, 1, study.trials + count);
  if (trials === study.trials) return refuse(`It stays at ${trials} trials: so many are decided already.`);
  study.setBudget({ trials, seconds: study.seconds }, id);
  return agree(`${trials} trials in all.`);
}

function mark(study: Steerable, trial: number, favourite: boolean, id: string | undefined): CommandAnswer {
  if (study.stateOf(trial) === undefined) return refuse(missing(study, trial));
  study.mark(trial, favourite, id);
  return agree(favourite ? `Trial ${trial} is a favourite.` : `Trial ${trial} is no favourite any more.`);
}

const missing = ({ asked }: Steerable, trial: number) => `There is no trial ${trial} yet; the last one is ${asked - 1}.`;
