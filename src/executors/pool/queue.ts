import type { Plan } from '../../core/candidate.ts';
import type { TrialListener, TrialRequest } from '../../core/executor.ts';
import type { Outcome } from '../../core/trial.ts';

/** A trial on its way through the pool. */
export interface Entry {
  readonly request: TrialRequest;
  readonly plan: Plan;
  readonly listener: TrialListener;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
  /** How often it was started. */
  starts: number;
  startedAt: number;
  /** How often its host or thread died while it ran. */
  crashes: number;
}

/** The entry whose crash was its last: from now on it is the culprit. */
const crashesUntilGuilty = 2;

/**
 * Which trial runs where and next. Plain bookkeeping, no process in it.
 *
 * A trial that was there when something crashed is a suspect: suspects come first and each runs alone, so that the
 * second crash names its culprit and the others are cleared.
 */
export class TrialQueue {
  readonly #slots: number;
  #waiting: Entry[] = [];
  readonly #running = new Map<number, Entry>();

  constructor(slots: number) {
    this.#slots = slots;
  }

  get busy(): readonly number[] {
    return [...this.#running.keys()];
  }

  add(entry: Entry): void {
    this.#waiting.push(entry);
  }

  /** Starts the next trial that may run now, on the lowest free slot. */
  start(): { readonly slot: number; readonly entry: Entry } | undefined {
    const next = this.#waiting[0];
    const running = [...this.#running.values()];
    if (!next || running.length >= this.#slots) return undefined;
    if (running.length > 0 && [next, ...running].some(isSuspect)) return undefined;
    const slot = Array.from({ length: this.#slots }, (_, index) => index).find((index) => !this.#running.has(index))!;
    const entry = this.#waiting.shift()!;
    entry.starts++;
    entry.startedAt = performance.now();
    this.#running.set(slot, entry);
    return { slot, entry };
  }

  running(slot: number): Entry | undefined {
    return this.#running.get(slot);
  }

  /** Takes the trial off its slot. */
  finish(slot: number): Entry | undefined {
    const entry = this.#running.get(slot);
    this.#running.delete(slot);
    return entry;
  }

  /** Takes trials off their slots because something crashed under them; returns the guilty, the others wait to run again, alone. */
  crash(slots: readonly number[]): Entry[] {
    const entries = slots.flatMap((slot) => this.finish(slot) ?? []);
    for (const entry of entries) entry.crashes++;
    this.#requeue(entries.filter((entry) => entry.crashes < crashesUntilGuilty));
    return entries.filter((entry) => entry.crashes >= crashesUntilGuilty);
  }

  /** Takes trials off their slots through no fault of theirs. */
  requeue(slots: readonly number[]): void {
    this.#requeue(slots.flatMap((slot) => this.finish(slot) ?? []));
  }

  /** Before all that never ran, in the order of the trials, suspects first. */
  #requeue(entries: readonly Entry[]): void {
    const again = [...entries, ...this.#waiting.filter(({ starts }) => starts > 0)];
    again.sort((a, b) => Number(isSuspect(b)) - Number(isSuspect(a)) || a.request.trial - b.request.trial);
    this.#waiting = [...again, ...this.#waiting.filter(({ starts }) => starts === 0)];
  }

  /** The slot of a trial that runs. */
  slotOf(trial: number): number | undefined {
    return this.busy.find((slot) => this.#running.get(slot)!.request.trial === trial);
  }

  /** Takes a trial out that waits. */
  takeWaiting(trial: number): Entry | undefined {
    const place = this.#waiting.findIndex(({ request }) => request.trial === trial);
    return place < 0 ? undefined : this.#waiting.splice(place, 1)[0];
  }

  /** Takes out everything that waits. */
  clearWaiting(): Entry[] {
    return this.#waiting.splice(0);
  }
}

const isSuspect = ({ crashes }: Entry) => crashes > 0;
