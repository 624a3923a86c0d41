import type { LiveEvent, StudyEvent } from '../../core/event.ts';
import type { Executor, TrialRequest } from '../../core/executor.ts';
import type { StudyRecord, TrialStore } from '../../core/store.ts';
import { type AbortedOutcome, type Artefact, type MeasuredTrial, stopError } from '../../core/trial.ts';
import { systemClock } from './options.ts';

export interface ReplicateOptions {
  readonly store: TrialStore;
  /** Its lease is the caller's. */
  readonly study: StudyRecord;
  /** Opened by the caller, who also closes it. */
  readonly executor: Executor;
  readonly members: readonly MeasuredTrial[];
  /** Replications of every member in all; those that are in the store are not run again. */
  readonly seeds: number;
  readonly onEvent: (event: LiveEvent) => void;
  readonly discard?: (checkpoint: Artefact) => void;
}

interface Replication {
  readonly member: MeasuredTrial;
  readonly replicate: number;
}

/**
 * Trains and measures the members again, each with seeds of its own, exactly as far as they were trained; stores every result
 * as it comes. Resolves with how many are still missing: some, when the executor was stopped.
 */
export async function replicateMembers(options: ReplicateOptions): Promise<{ readonly missing: number }> {
  const { store, study, members, seeds, executor } = options;
  const known = new Set(store.eventsOf(study.name, ['replicated']).map(({ trial, replicate }) => `${trial}/${replicate}`));
  const all = members.flatMap((member) => Array.from({ length: seeds }, (_, i): Replication => ({ member, replicate: i + 1 })));
  const waiting = all.filter(({ member, replicate }) => !known.has(`${member.number}/${replicate}`));
  let missing = waiting.length;
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if (!(await replicateOnce(next, options))) return;
      missing--;
    }
  };
  await Promise.all(Array.from({ length: executor.slots }, work));
  return { missing };
}

/** False when it was stopped. */
async function replicateOnce({ member, replicate }: Replication, options: ReplicateOptions): Promise<boolean> {
  const { store, study, executor, onEvent, discard } = options;
  const { number: trial, candidate, rung } = member;
  const at = () => systemClock.wall();
  const seed = `${study.seed}/${trial}/replicate/${replicate}`;
  const goal = rung ? { rung: { index: rung.index, ends: rung.ends } } : {};
  const request: TrialRequest = { trial, attempt: 1, candidate, seed, test: true, ...goal };
  const outcome = await executor.run(request, {
    started: () => undefined,
    progress: (worker, progress) => onEvent({ type: 'progress', at: at(), trial, worker, progress }),
  });
  if (outcome.state === 'aborted') return stoppedQuietly(outcome);
  if (outcome.state === 'done' && outcome.rung?.checkpoint) discard?.(outcome.rung.checkpoint);
  const event: StudyEvent = { type: 'replicated', at: at(), trial, replicate, seed, outcome };
  store.append(study.name, [event]);
  onEvent(event);
  return true;
}

/** False; throws the error of a search that ends for it. */
function stoppedQuietly(outcome: AbortedOutcome): false {
  const error = stopError(outcome);
  if (error) throw error;
  return false;
}
