import { stoppedByHand } from '../../core/trial.ts';
import type { FailedEnd, TrialEnd } from './log.ts';

/** The code of a trial that is known to miss a constraint: it was not trained. */
export const infeasible = 'INFEASIBLE';

/** Equal failures in a row that end a study in which no trial has succeeded yet, and one in which some have. */
const limits = { fresh: 5, proven: 20 } as const;

/** Watches the outcomes in trial order for a study that only burns time: every trial fails, and all for the same reason. */
export class FailureWatch {
  #last: FailedEnd | undefined;
  #length = 0;
  #succeeded = false;

  /** Trials that a person ended say nothing about the others. */
  add(end: TrialEnd): void {
    if (end.state === 'failed' && end.code === stoppedByHand) return;
    if (end.state === 'done') {
      this.#succeeded = true;
      this.#last = undefined;
      return;
    }
    this.#length = this.#last?.code === end.code ? this.#length + 1 : 1;
    this.#last = end;
  }

  /** The failure that keeps coming back, once it has done so too often. */
  hopeless(): FailedEnd | undefined {
    const limit = this.#succeeded ? limits.proven : limits.fresh;
    return this.#last && this.#length >= limit ? this.#last : undefined;
  }
}
