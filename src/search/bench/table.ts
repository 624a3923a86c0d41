import type { Candidate } from '../../core/candidate.ts';
import { NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { Goal, Metrics } from '../../core/objective.ts';
import { enumerate } from '../space/count.ts';
import { levelCount, levelIndex } from '../space/domain.ts';
import type { Space } from '../space/space.ts';
import type { MeasuredShare, Problem } from './problem.ts';
import { nonDominatedMetrics } from './quality.ts';

/**
 * Every candidate of a small space, trained and measured once: trials that can be replayed. Plain JSON, in columns; a
 * row is one network, whatever candidates mean it.
 */
export interface RecordedTable {
  readonly format: typeof tableFormat;
  readonly name: string;
  readonly space: Space;
  readonly goal: Goal;
  /** The row of every candidate, in the order of `enumerate(space)`. */
  readonly rowOf: readonly number[];
  /** What a study of the space starts with, the dense network first. */
  readonly anchors: readonly Candidate[];
  /** Measurements at parts of the full training, ascending; the last one is the whole. */
  readonly rungs: readonly TableRung[];
  /** The same networks once more, with other seeds: `metrics` by name, one value for each entry of `rows`. */
  readonly repeats: { readonly rows: readonly number[]; readonly metrics: Columns };
  /** Metrics that the structure tells before any training. */
  readonly known: readonly string[];
  /** The dense network in the worst corner, chance in the other: where hypervolume ends. */
  readonly box: Problem['box'];
  readonly logScale: readonly string[];
  /** Machine, versions, data. */
  readonly facts: Json;
}

/** By metric, one value per row. */
export type Columns = Readonly<Record<string, readonly number[]>>;

export interface TableRung {
  /** Part of the full training. */
  readonly share: number;
  readonly metrics: Columns;
  /** Of a core, for the training from its start up to here. */
  readonly seconds: readonly number[];
}

export const tableFormat = 'espalier-table-1';

/** What a table says of one network. */
export interface TableRow {
  readonly row: number;
  /** By rung. */
  readonly rungs: readonly MeasuredShare[];
}

/**
 * Checks a parsed file: all columns there, as long as they must be, finite.
 * Throws NasError TABLE_FORMAT, TABLE_DAMAGED.
 */
export function checkTable(value: Json, file: string): RecordedTable {
  const table = value as unknown as RecordedTable;
  if (typeof value !== 'object' || value === null || table.format !== tableFormat) {
    throw new NasError(
      'TABLE_FORMAT',
      `${file} is no recorded table of this version ("format": "${tableFormat}"). Record it again.`,
      {
        facts: { file },
      },
    );
  }
  const problem = faultOf(table);
  if (problem) {
    throw new NasError('TABLE_DAMAGED', `${file}: ${problem}. Restore the file, or record the table again.`, {
      facts: { file, problem },
    });
  }
  return table;
}

/** What does not fit together; undefined where all does. */
function faultOf({ space, goal, rowOf, rungs }: RecordedTable): string | undefined {
  const parts = [space?.parameters, goal?.objectives, rowOf, rungs];
  if (parts.some((part) => !Array.isArray(part) || part.length === 0)) return 'a part is missing';
  const candidates = space.parameters.reduce((count, { domain }) => count * Number(levelCount(domain)), 1);
  if (rowOf.length !== candidates) return `it has ${rowOf.length} candidates, its space ${candidates}`;
  const rows = Math.max(...rowOf) + 1;
  for (const { share, metrics, seconds } of rungs) {
    for (const [name, column] of Object.entries({ ...metrics, seconds })) {
      const whole = Array.isArray(column) && column.length === rows && column.every(Number.isFinite);
      if (!whole) return `column "${name}" at ${share} of the training lacks values`;
    }
    const lacking = goal.objectives.find(({ metric }) => !metrics[metric]);
    if (lacking) return `there is no column "${lacking.metric}" at ${share} of the training`;
  }
  return undefined;
}

/** The row of a candidate, by its position in the enumeration of the space: the last parameter varies fastest. */
export function rowNumberOf({ space, rowOf }: Pick<RecordedTable, 'space' | 'rowOf'>, candidate: Candidate): number {
  let position = 0;
  for (const { name, domain } of space.parameters) {
    const index = levelIndex(domain, candidate[name]!);
    if (index < 0) throw new RangeError(`${name} = ${candidate[name]} is not in the table's space`);
    position = position * Number(levelCount(domain)) + index;
  }
  return rowOf[position]!;
}

export function lookUp(table: RecordedTable, candidate: Candidate): TableRow {
  const row = rowNumberOf(table, candidate);
  const at = (columns: Columns): Metrics =>
    Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[row]!]));
  return {
    row,
    rungs: table.rungs.map(({ share, metrics, seconds }) => ({ share, metrics: at(metrics), seconds: seconds[row]! })),
  };
}

/** A table as a problem: its trials are what was measured, its front that of all rows. */
export function tableProblem(table: RecordedTable, summary: string): Problem {
  const { name, space, goal, anchors, box, logScale, known } = table;
  const rows = new Map<number, TableRow>();
  for (const candidate of enumerate(space)) {
    const row = rowNumberOf(table, candidate);
    if (!rows.has(row)) rows.set(row, lookUp(table, candidate));
  }
  const lastOf = (candidate: Candidate) => rows.get(rowNumberOf(table, candidate))!.rungs.at(-1)!;
  return {
    name,
    summary,
    space,
    goal,
    keyOf: (candidate) => String(rowNumberOf(table, candidate)),
    measure: (candidate) => lastOf(candidate).metrics,
    predict: (candidate) => Object.fromEntries(known.map((metric) => [metric, lastOf(candidate).metrics[metric]!])),
    seconds: (candidate) => lastOf(candidate).seconds,
    rungs: (candidate) => rows.get(rowNumberOf(table, candidate))!.rungs,
    anchors,
    front: nonDominatedMetrics(
      [...rows.values()].map((row) => row.rungs.at(-1)!.metrics),
      goal,
    ),
    box,
    logScale,
  };
}
