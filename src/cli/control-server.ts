import type { CommandAnswer, ControlChannel, RunningTrial, SentCommand, StudyStatus } from '../core/control.ts';
import { extendCurve } from '../core/curve.ts';
import type { LiveEvent } from '../core/event.ts';
import type { StudyHandle } from '../search/study/options.ts';

export interface ControlServerOptions {
  readonly channel: ControlChannel;
  readonly study: string;
  readonly handle: StudyHandle;
  readonly workers: number;
  /** Milliseconds since the epoch: what was sent before was meant for an earlier session. */
  readonly since: number;
}

export interface ControlServer {
  /** Sees every live event of the study. */
  readonly observe: (event: LiveEvent) => void;
  close(): void;
}

const lookMs = 500;
/** What the search says of itself is written at most this often. */
const publishMs = 1000;

/** The search's end of the channel: carries out what other terminals ask, and tells them what passes. */
export function serveControl({ channel, study, handle, workers, since }: ControlServerOptions): ControlServer {
  const running = new Map<number, RunningTrial>();
  let changed = true;
  let publishedAt = Number.NEGATIVE_INFINITY;
  const publish = () => {
    const { paused, budget } = handle.steered;
    const status: StudyStatus = {
      at: Date.now(),
      paused,
      workers,
      budget: { trials: budget.trials, seconds: budget.seconds ?? null },
      running: [...running.values()],
    };
    changed = false;
    publishedAt = performance.now();
    channel.publish(study, status);
  };
  const timer = setInterval(() => {
    for (const sent of channel.waiting(study)) channel.answer(sent.id, carryOut(sent, handle, since));
    if (changed && performance.now() - publishedAt >= publishMs) publish();
  }, lookMs);
  timer.unref();
  return {
    observe(event) {
      changed = true;
      if (event.type === 'progress') running.set(event.worker, withProgress(running.get(event.worker), event));
      if (event.type === 'finished') for (const [worker, { trial }] of running) if (trial === event.trial) running.delete(worker);
    },
    close() {
      clearInterval(timer);
      running.clear();
      publish();
    },
  };
}

function withProgress(before: RunningTrial | undefined, { worker, trial, progress }: ProgressEvent): RunningTrial {
  const known = before?.trial === trial ? before.curve : [];
  return { worker, trial, progress, curve: extendCurve(known, progress) };
}

type ProgressEvent = Extract<LiveEvent, { type: 'progress' }>;

/** A mark is as good in the next session; everything else was meant for the one that it was sent to. */
function carryOut({ id, command, sentAt }: SentCommand, handle: StudyHandle, since: number): CommandAnswer {
  const late = sentAt < since && command.type !== 'favourite' && !handle.steered.carriedOut.has(id);
  return late ? { done: false, message: 'The search that this was meant for has ended.' } : handle.steer(command, id);
}
