import type { LiveEvent } from '../core/event.ts';
import { type AnalysisHistory, emptyAnalysis, extendAnalysis } from './analysis.ts';
import type { Analyse } from './budget.ts';
import { emptyModel, foldSince, type ViewModel } from './view-model.ts';

/** What the screen shows at one moment. A new object for every change. */
export interface Snapshot {
  readonly model: ViewModel;
  readonly analysis: AnalysisHistory;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Live {
  push(event: LiveEvent): void;
  /** Folds what was pushed now instead of soon. */
  update(): void;
  readonly snapshot: () => Snapshot;
  readonly subscribe: (listener: () => void) => () => void;
  /** Tells that the screen is drawn: what it took since the update decides how soon the next one may come. */
  drawn(): void;
  close(): void;
}

/** Events are folded and drawn in batches: so often at most, and at least once a second for the clocks on the screen. */
const batchMs = 250;
const tickMs = 1000;
const slowestMs = 5000;
/** The share of the time that folding events and drawing frames may take; garbage collection comes on top. */
const share = 0.025;

/** `since`: events before that time belong to sessions that have ended. */
export function openLive(analyse: Analyse, now: () => number, since = now()): Live {
  return new LiveStudy(analyse, now, since);
}

class LiveStudy implements Live {
  readonly #analyse: Analyse;
  readonly #now: () => number;
  readonly #openedAt: number;
  readonly #listeners = new Set<() => void>();
  #snapshot: Snapshot;
  #pending: LiveEvent[] = [];
  #timer: NodeJS.Timeout;
  /** By performance.now(): when the screen was brought up to date, and when the timer will do it. */
  #updatedAt: number;
  #dueAt: number;
  #pauseMs = batchMs;
  #closed = false;
  /** When the update began whose frame is not drawn yet. */
  #drawing: number | undefined;

  constructor(analyse: Analyse, now: () => number, since: number) {
    this.#analyse = analyse;
    this.#now = now;
    this.#openedAt = since;
    this.#snapshot = { model: emptyModel, analysis: emptyAnalysis, now: now() };
    this.#updatedAt = performance.now();
    this.#dueAt = this.#updatedAt + tickMs;
    this.#timer = setTimeout(this.update, tickMs);
  }

  push(event: LiveEvent): void {
    this.#pending.push(event);
    const dueAt = this.#updatedAt + this.#pauseMs;
    if (dueAt < this.#dueAt) this.#schedule(dueAt);
  }

  snapshot = (): Snapshot => this.#snapshot;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  drawn(): void {
    if (this.#drawing === undefined) return;
    this.#pauseMs = Math.min(slowestMs, Math.max(batchMs, (performance.now() - this.#drawing) / share));
    this.#drawing = undefined;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(dueAt: number): void {
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(this.update, Math.max(0, dueAt - performance.now()));
  }

  update = (): void => {
    if (this.#closed) return;
    this.#drawing = performance.now();
    const { model: before, analysis } = this.#snapshot;
    const model = this.#pending.length === 0 ? before : foldSince(before, this.#pending, this.#openedAt);
    this.#pending = [];
    this.#snapshot = { model, analysis: extendAnalysis(analysis, model.finished, this.#analyse), now: this.#now() };
    this.#updatedAt = performance.now();
    this.#schedule(this.#updatedAt + Math.max(tickMs, this.#pauseMs));
    for (const listener of this.#listeners) listener();
  };
}
