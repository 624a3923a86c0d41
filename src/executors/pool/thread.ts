import { parentPort, workerData } from 'node:worker_threads';
import type { Json } from '../../core/json.ts';
import type { Outcome, Progress } from '../../core/trial.ts';
import type { Job, TrialHooks, TrialModule } from '../../trial/protocol.ts';
import { runJob } from '../run-job.ts';
import { type ProgressThrottle, throttleProgress } from '../throttle.ts';
import { enterSlot, isMemoryShort, openControl } from './control.ts';
import { type FromThread, type HostSettings, type PlainError, toPlain } from './messages.ts';

/** What each thread of a host is started with. */
export interface ThreadData {
  readonly control: SharedArrayBuffer;
  readonly settings: HostSettings;
  /** What `prepare` made; absent in the thread that prepares. */
  readonly shared?: unknown;
}

/** One job and the slot that it takes in the control words. */
export interface Task {
  readonly slot: number;
  readonly job: Job;
}

/** `last`: progress that was still kept back. It travels with the end, since the other progress takes another, slower way. */
export type Prepared = { readonly last: Progress | undefined } & (
  | { readonly shared: unknown; readonly facts: Json }
  | { readonly refused: PlainError }
);

export interface Finished {
  readonly last: Progress | undefined;
  readonly outcome: Outcome;
}

const { control: buffer, settings, shared } = workerData as ThreadData;
const control = openControl(buffer);

export async function prepare(): Promise<Prepared> {
  const throttle = throttleProgress((progress) => tell({ type: 'progress', slot: 0, trial: undefined, progress }));
  try {
    const module = await loadModule();
    const prepared = await module.prepare(settings.setup, openHooks(0, throttle, module));
    await module.release?.();
    return { ...prepared, last: throttle.take() };
  } catch (error) {
    return { refused: toPlain(error), last: throttle.take() };
  }
}

export async function run({ slot, job }: Task): Promise<Finished> {
  const throttle = throttleProgress((progress) => tell({ type: 'progress', slot, trial: job.trial, progress }));
  const outcome = await runJob(async () => {
    const module = await loadModule();
    return module.run(job, shared, openHooks(slot, throttle, module));
  });
  return { outcome, last: throttle.take() };
}

function tell(message: FromThread): void {
  parentPort?.postMessage(message);
}

async function loadModule(): Promise<TrialModule> {
  const { trialModule } = (await import(settings.module)) as { readonly trialModule: TrialModule };
  return trialModule;
}

/** Waits for its turn where the study is paused or the lane is taken; throws `TrialStopped` where it was stopped. */
function openHooks(slot: number, throttle: ProgressThrottle, module: TrialModule): TrialHooks {
  const lane = enterSlot(control, slot, settings.laneWaitMs);
  return {
    progress: throttle.report,
    checkpoint() {
      throttle.tick();
      if (isMemoryShort(control)) void module.release?.();
      lane.checkpoint();
    },
    gpu: (work) => lane.gpu(work),
    exclusive: (work) =>
      lane.exclusive((quiet) => {
        if (!quiet)
          tell({ type: 'warning', message: 'a trial reached no step in time; a latency is measured while it runs on.' });
        return work(quiet);
      }),
  };
}
