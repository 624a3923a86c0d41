import { rmSync } from 'node:fs';
import { NasError, pick } from '../core/errors.ts';
import type { Goal } from '../core/objective.ts';
import { metricInfos } from '../network/metrics/index.ts';
import { schedulers } from '../search/schedulers/index.ts';
import type { SpaceFile } from '../search/space/file/parse.ts';
import { noTraining, parseTarget } from '../search/space/file/search.ts';
import { defaultEta, rungShares, type ScheduleSettings, scheduleProblems } from '../search/space/schedule.ts';
import type { StudyOptions } from '../search/study/options.ts';
import type { StopRules } from '../search/study/stopping.ts';
import { checkpointPath } from '../trial/checkpoints.ts';
import { artefactFolder } from './artefact-folder.ts';
import { logScale } from './picking.ts';

/** How a study's trials are scheduled: kept with it, since its results depend on it. */
export interface ScheduleFacts {
  readonly scheduler: string;
  readonly eta: number;
  /** Shares of the full training, rising, the last one 1. */
  readonly rungs: readonly number[];
}

/** Flags over the space file's defaults; undefined where neither names a scheduler. Throws NasError BAD_OPTION. */
export function settleSchedule(flags: ScheduleSettings, { search, epochs, trains }: SpaceFile): ScheduleFacts | undefined {
  const { scheduler = search.scheduler, eta = search.eta ?? defaultEta, rungs = search.rungs } = flags;
  const settings = { eta, rungs, minEpochs: flags.rungs ? undefined : search.minEpochs };
  const [problem] = scheduleProblems(settings, epochs);
  if (problem) throw new NasError('BAD_OPTION', `--${problem.key}: ${problem.message}.`, { facts: { option: problem.key } });
  if (scheduler === undefined) {
    if (flags.eta === undefined && flags.rungs === undefined) return undefined;
    throw new NasError('BAD_OPTION', '--rungs and --eta need a scheduler: give --scheduler asha as well.');
  }
  const { single } = pick('scheduler', schedulers, scheduler);
  if (single && (flags.eta ?? flags.rungs) !== undefined)
    throw new NasError('BAD_OPTION', `--scheduler ${scheduler} has no use for --rungs and --eta: leave them out, or take asha.`);
  if (single) return { scheduler, eta, rungs: [1] };
  if (!trains) throw new NasError('BAD_OPTION', `--scheduler ${scheduler}: ${noTraining}`);
  return { scheduler, eta, rungs: rungShares(settings, epochs) };
}

export function settleStop(flags: { readonly target?: string; readonly patience?: number }, space: SpaceFile): StopRules {
  const target = flags.target === undefined ? space.target : parseTarget(flags.target, '--target', metricInfos);
  const patience = flags.patience ?? space.search.patience;
  return { target, ...(patience === undefined ? {} : { patience }) };
}

/** `scheduler asha (eta 3, rungs at 11.1 %, 33.3 %, 100 % of the training)` */
export function describeSchedule(schedule: ScheduleFacts | undefined): string {
  if (!schedule || schedule.rungs.length === 1) return 'no scheduler';
  const rungs = schedule.rungs.map((share) => `${Number((100 * share).toPrecision(3))} %`);
  return `scheduler ${schedule.scheduler} (eta ${schedule.eta}, rungs at ${rungs.join(', ')} of the training)`;
}

/** The study's scheduler, fresh, as an option of the loop. */
export function schedulerOf(schedule: ScheduleFacts | undefined, goal: Goal): Pick<StudyOptions, 'scheduler'> {
  if (!schedule) return {};
  const { scheduler, eta, rungs } = schedule;
  return { scheduler: pick('scheduler', schedulers, scheduler).create({ goal, rungs, eta, logScale }) };
}

/** A file that is gone already is gone. */
export const removeCheckpoint = (db: string, hash: string): void =>
  rmSync(checkpointPath(artefactFolder(db), hash), { force: true });
