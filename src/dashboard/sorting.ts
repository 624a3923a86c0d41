import { metricFormat, metricFormats } from './format.ts';
import type { TrialRow } from './panel-props.ts';

/** What the table of trials can be ordered by. */
export const sortColumns = ['trial', 'accuracy', 'size', 'latencyMs', 'macs', 'params', 'seconds', 'state'] as const;
export type SortColumn = (typeof sortColumns)[number];

export interface Sort {
  readonly column: SortColumn;
  readonly descending: boolean;
}

/** The next column; sizes and times begin with the smallest, the rest with the largest. */
export function nextSort({ column }: Sort): Sort {
  const next = sortColumns[(sortColumns.indexOf(column) + 1) % sortColumns.length]!;
  return { column: next, descending: next === 'trial' || next === 'accuracy' };
}

/** In that order; rows without a value come last either way, equal ones by their number. */
export function sortRows(rows: readonly TrialRow[], { column, descending }: Sort): TrialRow[] {
  const sign = descending ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: keyOf(row, column) }));
  keyed.sort((a, b) => compare(a.key, b.key, sign) || a.row.trial - b.row.trial);
  return keyed.map(({ row }) => row);
}

type SortKey = number | string | undefined;

function compare(a: SortKey, b: SortKey, sign: number): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
  return a < b ? -sign : sign;
}

function keyOf(row: TrialRow, column: SortColumn): SortKey {
  switch (column) {
    case 'trial':
      return row.trial;
    case 'seconds':
      return row.seconds;
    case 'state':
      return row.state;
    case 'accuracy':
    case 'size':
    case 'latencyMs':
    case 'macs':
    case 'params':
      return Number.isFinite(row.metrics[column]) ? row.metrics[column] : undefined;
    default:
      return column satisfies never;
  }
}

/** Whether a row has what every word asks for; see `filterHelp`. */
export type RowFilter = (row: TrialRow) => boolean;

export const filterHelp = 'words: front, favourite, done, failed, running …, an origin, #37, accuracy>90, size<50k';

/**
 * `front size<50k`: rows that have all of it. A word is `front`, `favourite`, a state, `#37`, a comparison of a metric in the
 * unit in which it is shown, or a part of the origin, the state or the reason of a failure.
 */
export function rowFilter(text: string): RowFilter {
  const tests = text.toLowerCase().split(/\s+/).filter(Boolean).map(wordTest);
  return (row) => tests.every((test) => test(row));
}

function wordTest(word: string): RowFilter {
  if (word === 'front') return ({ onFront }) => onFront;
  if (word === 'favourite' || word === 'fav' || word === '*') return ({ favourite }) => favourite;
  if (/^#\d+$/.test(word)) return ({ trial }) => trial === Number(word.slice(1));
  const comparison = /^([a-z]+)([<>])(\d+(?:\.\d+)?)([kmg]?)b?%?$/.exec(word);
  const metric = comparison && metricNamed(comparison[1]!);
  if (comparison && metric) return metricTest(metric, comparison[2] as '<' | '>', Number(comparison[3]), comparison[4]!);
  return (row) => [row.state, row.origin, row.failure ?? ''].some((part) => part.toLowerCase().includes(word));
}

/** By the beginning of its name or of its label. */
const metricNamed = (name: string): string | undefined =>
  Object.entries(metricFormats).find(([metric, { label }]) =>
    [metric, label].some((known) => known.toLowerCase().startsWith(name)),
  )?.[0];

const factors: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

function metricTest(metric: string, op: '<' | '>', number: number, unit: string): RowFilter {
  const bound = metricFormat(metric).share ? number / (number > 1 ? 100 : 1) : number * factors[unit]!;
  return ({ metrics }) => {
    const value = metrics[metric];
    return value !== undefined && (op === '<' ? value < bound : value > bound);
  };
}
