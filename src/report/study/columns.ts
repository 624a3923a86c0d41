import type { Range } from '../../core/ranges.ts';
import type { ReplicateRow, Run, TrialRow } from './picture.ts';

/** Rows column by column: a third of the text, and quick to parse, for tens of thousands of trials. */
export interface TrialColumns {
  readonly number: readonly number[];
  readonly state: readonly TrialRow['state'][];
  readonly origin: readonly string[];
  readonly metrics: Readonly<Record<string, readonly (number | null)[]>>;
  /** Ends of the ranges, low and high, by metric. */
  readonly ranges: Readonly<Record<string, readonly (Range | null)[]>>;
  /** Per parameter. */
  readonly positions: readonly (readonly (number | null)[])[];
  readonly finishedAt: readonly (number | null)[];
  readonly seconds: readonly (number | null)[];
  readonly fidelity: readonly (number | null)[];
  readonly why: readonly (string | null)[];
  /** worker, start, end of every run, one after the other. */
  readonly runs: readonly (readonly (number | null)[])[];
}

/** What changed from one event to a later one; also the whole study, from event 0. */
export interface StudyChange {
  readonly position: number;
  readonly live: boolean;
  readonly trials: TrialColumns;
  readonly replicates: readonly ReplicateRow[];
}

export function packRows(rows: readonly TrialRow[]): TrialColumns {
  const names = [...new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)))];
  const ranged = [...new Set(rows.flatMap(({ ranges }) => Object.keys(ranges)))];
  const parameters = Math.max(0, ...rows.slice(0, 1).map(({ positions }) => positions.length));
  return {
    number: rows.map((row) => row.number),
    state: rows.map((row) => row.state),
    origin: rows.map((row) => row.origin),
    metrics: Object.fromEntries(names.map((name) => [name, rows.map(({ metrics }) => finite(metrics[name]))])),
    ranges: Object.fromEntries(ranged.map((name) => [name, rows.map(({ ranges }) => ranges[name] ?? null)])),
    positions: Array.from({ length: parameters }, (_, j) => rows.map(({ positions }) => positions[j] ?? null)),
    finishedAt: rows.map((row) => row.finishedAt),
    seconds: rows.map((row) => row.seconds),
    fidelity: rows.map((row) => row.fidelity),
    why: rows.map((row) => row.why),
    runs: rows.map(({ runs }) => runs.flatMap(({ worker, start, end }) => [worker, start, end])),
  };
}

const finite = (value: number | undefined): number | null => (value !== undefined && Number.isFinite(value) ? value : null);

export function unpackRows(columns: TrialColumns): TrialRow[] {
  const metrics = Object.entries(columns.metrics);
  const ranges = Object.entries(columns.ranges);
  return columns.number.map((number, i) => ({
    number,
    state: columns.state[i]!,
    origin: columns.origin[i]!,
    metrics: presentAt(metrics, i),
    ranges: presentAt(ranges, i),
    positions: columns.positions.map((column) => column[i] ?? null),
    finishedAt: columns.finishedAt[i]!,
    seconds: columns.seconds[i]!,
    fidelity: columns.fidelity[i]!,
    why: columns.why[i]!,
    runs: runsOf(columns.runs[i]!),
  }));
}

/** What the columns have in a row, by their names. */
function presentAt<T>(columns: readonly (readonly [string, readonly (T | null)[]])[], i: number): Record<string, T> {
  const present: Record<string, T> = {};
  for (const [name, values] of columns) {
    const value = values[i];
    if (value !== null && value !== undefined) present[name] = value;
  }
  return present;
}

function runsOf(flat: readonly (number | null)[]): Run[] {
  return Array.from({ length: flat.length / 3 }, (_, i) => ({
    worker: flat[3 * i]!,
    start: flat[3 * i + 1]!,
    end: flat[3 * i + 2] ?? null,
  }));
}

/** The rows with those that changed put in their places. */
export function mergeRows(rows: readonly TrialRow[], changed: readonly TrialRow[]): TrialRow[] {
  const merged = [...rows];
  for (const row of changed) merged[row.number] = row;
  return merged;
}
