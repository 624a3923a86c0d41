/** What is looked at of a slot that has a trial. */
export interface SlotLook {
  readonly slot: number;
  /** loading: the thread gets ready, which is not the trial's time. parked: it waits for a pause or for the lane. */
  readonly state: 'loading' | 'running' | 'parked';
  /** Steps that its trial has come to; any number that changes with each. */
  readonly steps: number;
}

/** Slots whose trial is over its time, and of these those that ask too much of our patience; and trials that reach no step. */
export interface TimeVerdict {
  readonly late: readonly number[];
  readonly overdue: readonly number[];
  readonly stuck: readonly number[];
}

export interface TimeLimits {
  readonly deadlineMs: number | undefined;
  /** What a late trial has left to reach a step. */
  readonly graceMs: number;
  readonly stallMs: number;
}

interface Times {
  ranMs: number;
  sinceStepMs: number;
  steps: number;
}

/** Counted at most between two looks. */
const mostBetweenLooksMs = 1000;

/**
 * How long every trial has run, and has run without a step, as the sum of the times between looks. A look that comes late
 * counts little: the process was suspended (Ctrl-Z, a closed laptop, a busy machine), and so were its trials. No clock that
 * is set, and none that runs on in sleep, can make a trial late.
 */
export class SlotTimes {
  readonly #limits: TimeLimits;
  readonly #times = new Map<number, Times>();
  #lookedAt: number | undefined;

  constructor(limits: TimeLimits) {
    this.#limits = limits;
  }

  begin(slot: number): void {
    this.#times.set(slot, { ranMs: 0, sinceStepMs: 0, steps: 0 });
  }

  /** `nowMs`: of any clock that only rises. */
  look(slots: readonly SlotLook[], nowMs: number): TimeVerdict {
    const passed = Math.min(nowMs - (this.#lookedAt ?? nowMs), mostBetweenLooksMs);
    this.#lookedAt = nowMs;
    for (const look of slots) if (look.state !== 'parked') this.#pass(look, passed);
    const { deadlineMs = Number.POSITIVE_INFINITY, graceMs, stallMs } = this.#limits;
    const where = (holds: (times: Times) => boolean) =>
      slots.filter(({ slot, state }) => state !== 'parked' && holds(this.#of(slot))).map(({ slot }) => slot);
    return {
      late: where(({ ranMs }) => ranMs > deadlineMs),
      overdue: where(({ ranMs }) => ranMs > deadlineMs + graceMs),
      stuck: where(({ sinceStepMs }) => sinceStepMs > stallMs),
    };
  }

  #pass({ slot, state, steps }: SlotLook, ms: number): void {
    const times = this.#of(slot);
    if (state === 'running') times.ranMs += ms;
    times.sinceStepMs = steps === times.steps ? times.sinceStepMs + ms : 0;
    times.steps = steps;
  }

  #of(slot: number): Times {
    if (!this.#times.has(slot)) this.begin(slot);
    return this.#times.get(slot)!;
  }
}
