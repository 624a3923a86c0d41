import type { Candidate, Value } from '../../core/candidate.ts';
import type { StudyEvent } from '../../core/event.ts';
import { rangesOf } from '../../core/ranges.ts';
import type { StudyRecord } from '../../core/store.ts';
import { measuredTrial, shownState, type Trial } from '../../core/trial.ts';
import { applyEvent, emptyView, type StudyView } from '../../store/read-model.ts';
import { packRows, type StudyChange } from './columns.ts';
import type { ParameterHead, ReplicateRow, Run, StudyHead, StudyPicture, TrialRow } from './picture.ts';
import { WorkClock } from './work-clock.ts';

/** A study that is read on and on: the store's read-model, when each trial ran, and what changed since which event. */
export class LiveStudy {
  readonly view: StudyView;
  readonly head: StudyHead;
  live = false;
  readonly #clock = new WorkClock();
  readonly #runs: Run[][] = [];
  /** Per trial that was measured or failed: when, by the clock. */
  readonly #finishedAt: number[] = [];
  /** Per trial and per replicate: the position of the event that changed it last. */
  readonly #changedAt: number[] = [];
  readonly #replicatedAt: number[] = [];
  readonly #rows: (TrialRow | undefined)[] = [];

  constructor(record: StudyRecord, head: StudyHead) {
    this.view = emptyView(record);
    this.head = head;
  }

  apply(event: StudyEvent): void {
    const at = this.#clock.at(event);
    if (event.type === 'session') this.#closeAll(at);
    if (event.type === 'started') this.#open(event.trial, event.worker, at);
    if (event.type === 'finished') this.#close(event.trial, at);
    if (event.type === 'finished' && event.outcome.state !== 'aborted') this.#finishedAt[event.trial] = at;
    applyEvent(this.view, event);
    if (event.type === 'replicated') this.#replicatedAt.push(this.view.position);
    else if ('trial' in event) this.#touch(event.trial);
  }

  /** Everything that events after `position` changed. */
  changesSince(position: number): StudyChange {
    const numbers = this.view.trials.flatMap(({ number }) => (this.#changedAt[number]! > position ? [number] : []));
    const replicates = this.#replicatedAt.flatMap((at, i) => (at > position ? [this.#replicate(i)] : []));
    return {
      position: this.view.position,
      live: this.live,
      trials: packRows(numbers.map((number) => this.row(number))),
      replicates: replicates.filter((row) => row !== undefined),
    };
  }

  picture(): StudyPicture {
    const rows = this.view.trials.map(({ number }) => this.row(number));
    const replicates = this.view.replicates.map((_, i) => this.#replicate(i)).filter((row) => row !== undefined);
    return { head: this.head, rows, replicates, live: this.live, position: this.view.position };
  }

  row(number: number): TrialRow {
    const known = this.#rows[number];
    if (known) return known;
    const row = rowOf(this.view.trials[number]!, this.head, this.#runs[number] ?? [], this.#finishedAt[number] ?? null);
    this.#rows[number] = row;
    return row;
  }

  #replicate(index: number): ReplicateRow | undefined {
    const { trial, outcome } = this.view.replicates[index]!;
    return outcome.state === 'done' ? { trial, metrics: outcome.metrics } : undefined;
  }

  #touch(trial: number): void {
    this.#changedAt[trial] = this.view.position;
    this.#rows[trial] = undefined;
  }

  #open(trial: number, worker: number, at: number): void {
    this.#close(trial, at);
    this.#runs[trial] ??= [];
    this.#runs[trial].push({ worker, start: at, end: null });
  }

  #close(trial: number, at: number): void {
    const runs = this.#runs[trial];
    const last = runs?.at(-1);
    if (!last || last.end !== null) return;
    runs!.splice(-1, 1, { ...last, end: Math.max(last.start, at) });
  }

  /** A session that begins or ends stops what ran; the read-model then shows it as aborted. */
  #closeAll(at: number): void {
    for (const trial of this.view.trials) {
      if (trial.state !== 'running') continue;
      this.#close(trial.number, at);
      this.#touch(trial.number);
    }
  }
}

function rowOf(trial: Trial, { parameters }: StudyHead, runs: readonly Run[], finishedAt: number | null): TrialRow {
  const measured = measuredTrial(trial);
  const ended = trial.state === 'waiting' || trial.state === 'running' ? measured : trial;
  return {
    number: trial.number,
    state: shownState(trial),
    origin: trial.origin,
    metrics: measured?.metrics ?? {},
    ranges: shortRanges(trial),
    positions: parameters.map((parameter) => positionOf(parameter, trial.candidate)),
    finishedAt,
    seconds: ended?.seconds ?? null,
    fidelity: measured?.rung?.fidelity ?? null,
    why: whyOf(trial),
    runs: [...runs],
  };
}

/** Bars in a picture need no more digits. */
const shortRanges = (trial: Trial): TrialRow['ranges'] =>
  Object.fromEntries(
    Object.entries(rangesOf(trial, undefined)).map(([metric, [low, high]]) => [metric, [short(low), short(high)]]),
  );

const short = (value: number): number => Number(value.toPrecision(4));

function positionOf({ name, levels }: ParameterHead, candidate: Candidate): number | null {
  const value: Value | undefined = candidate[name];
  if (value === undefined) return null;
  if (!levels) return typeof value === 'number' ? value : null;
  const index = levels.indexOf(value);
  return index < 0 ? null : index;
}

function whyOf(trial: Trial): string | null {
  if (trial.state === 'failed') return `${trial.code}: ${trial.message}`;
  if (trial.state === 'aborted') return trial.reason;
  return trial.state === 'done' ? (trial.stopped ?? null) : null;
}
