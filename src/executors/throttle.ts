import type { Progress } from '../core/trial.ts';

export interface ProgressThrottle {
  /** Passes the progress on, or keeps it until its time has come; a later one replaces it. */
  readonly report: (progress: Progress) => void;
  /** Passes on what is kept, if its time has come. Cheap: called at every step. */
  readonly tick: () => void;
  /** Passes on what is kept, now: the end of the trial. */
  readonly flush: () => void;
}

/** Lets a progress message through at most every `intervalMs`, so that no trial can flood the channel. The last one is never lost. */
export function throttleProgress(send: (progress: Progress) => void, intervalMs = 100): ProgressThrottle {
  let kept: Progress | undefined;
  let lastSent = Number.NEGATIVE_INFINITY;
  const flush = () => {
    if (!kept) return;
    send(kept);
    kept = undefined;
    lastSent = performance.now();
  };
  const tick = () => {
    if (kept && performance.now() - lastSent >= intervalMs) flush();
  };
  return {
    report(progress) {
      kept = progress;
      tick();
    },
    tick,
    flush,
  };
}
