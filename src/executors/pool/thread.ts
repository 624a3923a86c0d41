import { parentPort, workerData } from 'node:worker_threads';
import type { Json } from '../../core/json.ts';
import type { Outcome } from '../../core/trial.ts';
import type { Job, TrialHooks, TrialModule } from '../../trial/protocol.ts';
import { runJob } from '../run-job.ts';
import { throttleProgress } from '../throttle.ts';
import { enterSlot, openControl } from './control.ts';
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

export type Prepared = { readonly shared: unknown; readonly facts: Json } | { readonly refused: PlainError };

const { control: buffer, settings, shared } = workerData as ThreadData;
const control = openControl(buffer);

export async function prepare(): Promise<Prepared> {
  try {
    const module = await loadModule();
    const { hooks, flush } = openHooks(0, undefined);
    const prepared = await module.prepare(settings.setup, hooks);
    flush();
    return prepared;
  } catch (error) {
    return { refused: toPlain(error) };
  }
}

export function run({ slot, job }: Task): Promise<Outcome> {
  return runJob(async () => {
    const module = await loadModule();
    const { hooks, flush } = openHooks(slot, settings.deadlineMs);
    try {
      return await module.run(job, shared, hooks);
    } finally {
      flush();
    }
  });
}

async function loadModule(): Promise<TrialModule> {
  const { trialModule } = (await import(settings.module)) as { readonly trialModule: TrialModule };
  return trialModule;
}

/** Waits for its turn where the study is paused or the lane is taken; throws `TrialStopped` where it was stopped. */
function openHooks(slot: number, deadlineMs: number | undefined): { readonly hooks: TrialHooks; readonly flush: () => void } {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  const tell = (message: FromThread) => parentPort?.postMessage(message);
  const throttle = throttleProgress((progress) => tell({ type: 'progress', slot, progress }));
  const lane = enterSlot(control, slot, deadlineMs, settings.laneWaitMs);
  const hooks: TrialHooks = {
    progress: throttle.report,
    checkpoint() {
      throttle.tick();
      lane.checkpoint();
    },
    exclusive: (work) =>
      lane.exclusive((quiet) => {
        if (!quiet)
          tell({ type: 'warning', message: 'a trial reached no step in time; a latency is measured while it runs on.' });
        return work(quiet);
      }),
  };
  return { hooks, flush: throttle.flush };
}
