import type { Progress } from '../core/trial.ts';

export interface ProgressThrottle {
  /** Passes the progress on, or keeps it until its time has come; a later one replaces it. */
  readonly report: (progress: Progress) => void;
  /** Passes on what is kept, if its time has come. Cheap: called at every step. */
  readonly tick: () => void;
  /** Gives out what is kept: the end of the trial, to be passed on with its outcome. */
  readonly take: () => Progress | undefined;
}

/** Lets a progress message through at most every `intervalMs`, so that no trial can flood the channel. The last one stays for `take`. */
export function throttleProgress(send: (progress: Progress) => void, intervalMs = 100): ProgressThrottle {
  let kept: Progress | undefined;
  let lastSent = Number.NEGATIVE_INFINITY;
  const take = () => {
    const progress = kept;
    kept = undefined;
    return progress;
  };
  const tick = () => {
    if (!kept || performance.now() - lastSent < intervalMs) return;
    send(kept);
    kept = undefined;
    lastSent = performance.now();
  };
  return {
    report(progress) {
      kept = progress;
      tick();
    },
    tick,
    take,
  };
}
