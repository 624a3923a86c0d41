import type { LiveEvent } from '../core/event.ts';
import { type AnalysisHistory, emptyAnalysis, extendAnalysis } from './analysis.ts';
import type { Analyse } from './budget.ts';
import { emptyModel, foldEvents, type ViewModel } from './view-model.ts';

/** What the screen shows at one moment. A new object for every change. */
export interface Snapshot {
  readonly model: ViewModel;
  readonly analysis: AnalysisHistory;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Live {
  push(event: LiveEvent): void;
  snapshot(): Snapshot;
  subscribe(listener: () => void): () => void;
  close(): void;
}

/** Events are folded in batches, so a flood of them costs no more redraws than this allows. */
const batchMs = 250;
/** The clocks on the screen move on without events too. */
const tickMs = 1000;
/** Fronts and hypervolumes of large studies take time: not for every batch. */
const analysisMs = 1000;

export function openLive(analyse: Analyse, now: () => number): Live {
  let snapshot: Snapshot = { model: emptyModel, analysis: emptyAnalysis, now: now() };
  let pending: LiveEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  let analysed = Number.NEGATIVE_INFINITY;
  const listeners = new Set<() => void>();
  const update = () => {
    timer = undefined;
    const at = now();
    const model = pending.length === 0 ? snapshot.model : foldEvents(snapshot.model, pending);
    pending = [];
    const due = at - analysed >= analysisMs || model.session.phase === 'ended';
    const analysis = due ? extendAnalysis(snapshot.analysis, model.finished, analyse) : snapshot.analysis;
    if (analysis !== snapshot.analysis) analysed = at;
    snapshot = { model, analysis, now: at };
    for (const listener of listeners) listener();
  };
  const ticker = setInterval(update, tickMs);
  return {
    push(event) {
      pending.push(event);
      timer ??= setTimeout(update, batchMs);
    },
    snapshot: () => snapshot,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      clearInterval(ticker);
      clearTimeout(timer);
    },
  };
}
