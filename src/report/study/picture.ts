import type { Plan, Value } from '../../core/candidate.ts';
import type { MetricInfo } from '../../core/catalog.ts';
import type { RunningTrial } from '../../core/control.ts';
import type { Goal, Metrics } from '../../core/objective.ts';
import type { Range } from '../../core/ranges.ts';

/**
 * A study as pages and reports draw it: plain data, which the server sends and a report file carries. Times are
 * milliseconds that the study had worked by then, see `WorkClock`.
 */
export interface StudyPicture {
  readonly head: StudyHead;
  /** By trial number, without gaps. */
  readonly rows: readonly TrialRow[];
  readonly replicates: readonly ReplicateRow[];
  /** Whether a search works on it right now. */
  readonly live: boolean;
  /** How many events of the study it covers. */
  readonly position: number;
}

/** What never changes. */
export interface StudyHead {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly seed: string;
  readonly controller: string;
  readonly spaceFile: string;
  readonly goal: Goal;
  /** Of the metrics that its trials have. */
  readonly metrics: readonly MetricInfo[];
  readonly parameters: readonly ParameterHead[];
  /** In the order in which the network runs them. */
  readonly layers: readonly string[];
  /** How many trials fix the frame of its hypervolume (the baseline and the anchors); absent where that is not recorded. */
  readonly framed?: number;
  /** Facts about the machine and the recipe, as label and text. */
  readonly facts: readonly (readonly [label: string, text: string])[];
  /** `nas export --db … --study …`, to which a trial is added. */
  readonly exportCommand: string;
}

export interface ParameterHead {
  readonly name: string;
  /** 'trial' for the training recipe. */
  readonly technique: string;
  /** '' for the training recipe. */
  readonly site: string;
  readonly knob: string;
  /** In order; absent for a continuous range. */
  readonly levels?: readonly Value[];
  readonly low: number;
  readonly high: number;
}

export interface TrialRow {
  readonly number: number;
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'aborted' | 'paused' | 'stopped';
  readonly origin: string;
  /** As measured last; empty where it never was. */
  readonly metrics: Metrics;
  /** Where a metric lies as far as the trial's own measurement tells, to four digits. */
  readonly ranges: Readonly<Record<string, Range>>;
  /** Per parameter of the head: the index of its level, the number of a continuous range, or null where it has none. */
  readonly positions: readonly (number | null)[];
  readonly finishedAt: number | null;
  readonly seconds: number | null;
  /** Share of its training so far, where a scheduler divides it. */
  readonly fidelity: number | null;
  /** Why it failed or went no further. */
  readonly why: string | null;
  /** When it ran, and on which worker. */
  readonly runs: readonly Run[];
}

export interface Run {
  readonly worker: number;
  readonly start: number;
  /** null while it runs. */
  readonly end: number | null;
}

export interface ReplicateRow {
  readonly trial: number;
  readonly metrics: Metrics;
}

/** What is looked up for one trial when a person chooses it. */
export interface TrialDetails {
  readonly number: number;
  readonly plan: Plan;
  /** Per layer, dense and as planned; empty where a technique makes the structure depend on trained values. */
  readonly layers: readonly LayerCost[];
  readonly curve: readonly CurvePoint[];
  /** Where another process is expected to find the latency, with 95 %. */
  readonly latencyMs: readonly [low: number, high: number] | null;
  /** Recall per class, with the class's name. */
  readonly recall: readonly (readonly [name: string, recall: number])[];
  readonly sha256: string | null;
  /** Sentences worth reading: first aid, notes. */
  readonly remarks: readonly string[];
}

export interface LayerCost {
  readonly layer: string;
  readonly macs: number;
  readonly params: number;
  readonly denseMacs: number;
  readonly denseParams: number;
  /** `prune keep 0.5 · quantize bits 8`, empty where it is left alone. */
  readonly choices: string;
}

/** What a search tells of the trials that run; it passes, and is kept nowhere. */
export interface Passing {
  /** Milliseconds since the epoch, of the last change. */
  readonly at: number;
  readonly running: readonly RunningTrial[];
}

export interface CurvePoint {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
}
