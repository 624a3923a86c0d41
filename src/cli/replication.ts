import { NasError } from '../core/errors.ts';
import type { LiveEvent } from '../core/event.ts';
import type { Executor } from '../core/executor.ts';
import type { Goal } from '../core/objective.ts';
import type { StudyRecord, TrialStore } from '../core/store.ts';
import { type MeasuredTrial, measuredTrial } from '../core/trial.ts';
import { counted } from '../core/words.ts';
import { formatMetric, metricFormat } from '../dashboard/format.ts';
import { type NoiseReport, noiseReports, type Spread, spreadsOf } from '../search/study/noise.ts';
import { frontOf } from '../search/study/progress.ts';
import { replicateMembers } from '../search/study/replicate.ts';
import { readStudy, type StudyView } from '../store/index.ts';
import { removeCheckpoint } from './schedule.ts';
import { factsOf } from './study-facts.ts';

/** What replications said of one member of the front. */
export interface Replication extends NoiseReport {
  /** Metrics on the test split. */
  readonly test: Readonly<Record<string, Spread>>;
}

/** By trial, of the members that were replicated at least twice. */
export function replicationsOf(view: StudyView, members: readonly MeasuredTrial[], goal: Goal): ReadonlyMap<number, Replication> {
  const runsOf = (trial: number) =>
    view.replicates.flatMap(({ trial: own, outcome }) => (own === trial && outcome.state === 'done' ? [outcome] : []));
  const replicated = members.map(({ number, metrics }) => ({
    trial: number,
    metrics,
    runs: runsOf(number).map((run) => run.metrics),
  }));
  const tests = (trial: number) => spreadsOf(runsOf(trial).flatMap(({ test }) => (test ? [test] : [])));
  return new Map(noiseReports(replicated, goal).map((report) => [report.trial, { ...report, test: tests(report.trial) }]));
}

export interface ReplicationRun {
  readonly store: TrialStore;
  readonly record: StudyRecord;
  readonly db: string;
  readonly executor: Executor;
  readonly seeds: number;
  /** Trials to replicate; the front where left out. */
  readonly trials?: readonly number[] | undefined;
  readonly say: (line: string) => void;
  readonly onEvent: (event: LiveEvent) => void;
}

/** Replicates members of the front, and says every result as it comes. Returns how many are missing, for one that was stopped. */
export async function replicate(run: ReplicationRun): Promise<number> {
  const { store, record, db, executor, seeds, say } = run;
  const members = membersOf(readStudy(store, record.name), run);
  const { objectives } = factsOf(record).goal;
  say(`Replicating ${counted(members.length, 'model')}, ${counted(seeds, 'seed')} each.`);
  const { missing } = await replicateMembers({
    store,
    study: record,
    executor,
    members,
    seeds,
    discard: ({ sha256 }) => removeCheckpoint(db, sha256),
    onEvent(event) {
      run.onEvent(event);
      if (event.type !== 'replicated') return;
      const { outcome } = event;
      const what = `trial ${event.trial}, seed ${event.replicate} of ${seeds}`;
      if (outcome.state === 'failed') return say(`${what}: failed: ${outcome.code}: ${outcome.message}`);
      const shown = objectives.map(
        ({ metric }) => `${metricFormat(metric).label} ${formatMetric(metric, outcome.metrics[metric])}`,
      );
      return say(`${what}: ${shown.join('  ')}`);
    },
  });
  return missing;
}

export const hasFront = ({ trials, record }: StudyView): boolean => frontOf(trials, factsOf(record).goal).length > 0;

function membersOf({ trials, record }: StudyView, { trials: wanted }: ReplicationRun): readonly MeasuredTrial[] {
  if (!wanted) {
    const front = frontOf(trials, factsOf(record).goal);
    if (front.length > 0) return front;
    throw new NasError('NO_FRONT', `study "${record.name}" has no front yet: no trial keeps every constraint.`);
  }
  return wanted.map((number) => {
    const trial = trials[number] && measuredTrial(trials[number]);
    if (trial) return trial;
    throw new NasError('TRIAL_MISSING', `study "${record.name}" has no measured trial ${number}. nas ls shows what it has.`, {
      facts: { study: record.name, trial: number },
    });
  });
}
