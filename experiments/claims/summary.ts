import { controlOf, type Job } from './jobs.ts';
import type { DoneRecord, Times, TrialRecord } from './results.ts';
import type { Expectation, Measure, Row } from './row.ts';

/** Mean and sample deviation over the seeds; no deviation of a single one. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number | undefined;
  readonly seeds: number;
}

/** All results of one row. */
export interface RowResult {
  readonly row: Row;
  /** Of the first seed: what follows from the structure. */
  readonly bytes: number;
  readonly params: number;
  readonly test: Spread;
  readonly smaller: Spread;
  readonly change: Spread;
  readonly kept: Spread;
  readonly saved: Spread;
  readonly paramShare: Spread;
  readonly overControl: Spread | undefined;
  readonly faster: number | undefined;
  /** The machine was not quiet while that was measured. */
  readonly noisy: boolean;
  readonly step: number | undefined;
}

/** Answers what the report asks of the trials that are there. */
export class Summary {
  readonly #records = new Map<string, Map<number, TrialRecord>>();
  readonly #rows: ReadonlyMap<string, Row>;
  readonly #times: Times | undefined;

  constructor(
    jobs: readonly Job[],
    known: ReadonlyMap<string, TrialRecord>,
    rows: ReadonlyMap<string, Row>,
    times: Times | undefined,
  ) {
    for (const { row, seed, key } of jobs) {
      const record = known.get(key);
      if (!record) continue;
      const own = this.#records.get(row) ?? new Map<number, TrialRecord>();
      this.#records.set(row, own.set(seed, record));
    }
    this.#rows = rows;
    this.#times = times;
  }

  /** Undefined where no seed of the row and its dense network is done. */
  of(row: Row): RowResult | undefined {
    const pairs = this.#pairs(row.name, row.network);
    const first = pairs[0]?.[0];
    if (!first) return undefined;
    const over = (value: (own: DoneRecord, dense: DoneRecord) => number) =>
      spread(pairs.map(([own, dense]) => value(own, dense)));
    const metric = (record: DoneRecord, name: string) => record.metrics[name]!;
    const macsOf = (record: DoneRecord) => record.metrics['expectedMacs'] ?? metric(record, 'macs');
    const control = this.#difference(row.name, controlOf(row.name));
    const latency = this.#times?.latency[row.name];
    const step = this.#times?.steps[row.name];
    return {
      row,
      bytes: metric(first, 'size'),
      params: metric(first, 'params'),
      test: spread(pairs.map(([own]) => own.test)),
      smaller: over((own, dense) => metric(dense, 'size') / metric(own, 'size')),
      change: over((own, dense) => own.test - dense.test),
      kept: over((own, dense) => own.test / dense.test),
      saved: over((own, dense) => 1 - macsOf(own) / metric(dense, 'macs')),
      paramShare: over((own, dense) => metric(own, 'params') / metric(dense, 'params')),
      overControl: control,
      faster: latency && 1 / latency.ratio,
      noisy: latency?.noisy ?? false,
      step: step && step.ms / step.denseMs,
    };
  }

  /** What an expectation is about, as far as it is measured. */
  measure({ row: name, measure }: Expectation): Spread | undefined {
    const row = this.#rows.get(name);
    const result = row && this.of(row);
    if (!result) return undefined;
    if (typeof measure !== 'string') return this.#difference(name, measure.over);
    return spreadOf(result, measure);
  }

  /** How many trials there are, and how many of them code trained whose results differed from today's. */
  ages(version: number): { readonly all: number; readonly old: number } {
    const all = [...this.#records.values()].flatMap((bySeed) => [...bySeed.values()]);
    return { all: all.length, old: all.filter((record) => record.version !== version).length };
  }

  /** Failures, as lines. */
  failures(): readonly string[] {
    const all = [...this.#records.values()].flatMap((bySeed) => [...bySeed.values()]);
    return all.flatMap((record) =>
      record.state === 'failed' ? [`${record.row}, seed ${record.seed}: ${record.code}: ${record.message}`] : [],
    );
  }

  #done(row: string): ReadonlyMap<number, DoneRecord> {
    const entries = [...(this.#records.get(row) ?? [])];
    return new Map(entries.flatMap(([seed, record]) => (record.state === 'done' ? [[seed, record] as const] : [])));
  }

  /** The row's trials, each with that of the other row of the same seed. */
  #pairs(row: string, other: string): readonly (readonly [DoneRecord, DoneRecord])[] {
    const others = this.#done(other);
    return [...this.#done(row)].flatMap(([seed, own]) => {
      const partner = others.get(seed);
      return partner ? [[own, partner] as const] : [];
    });
  }

  #difference(row: string, other: string): Spread | undefined {
    const pairs = this.#pairs(row, other);
    return pairs.length === 0 ? undefined : spread(pairs.map(([own, partner]) => own.test - partner.test));
  }
}

function spreadOf(result: RowResult, measure: Extract<Measure, string>): Spread | undefined {
  const once = (value: number | undefined) => (value === undefined ? undefined : { mean: value, deviation: undefined, seeds: 1 });
  switch (measure) {
    case 'params':
      return result.paramShare;
    case 'faster':
    case 'step':
      return once(result[measure]);
    case 'smaller':
    case 'change':
    case 'kept':
    case 'saved':
    case 'overControl':
      return result[measure];
    default:
      return measure satisfies never;
  }
}

/** Whether a measured mean keeps the bounds. */
export const holds = ({ atLeast, atMost }: Expectation, { mean }: Spread): boolean =>
  mean >= (atLeast ?? Number.NEGATIVE_INFINITY) && mean <= (atMost ?? Number.POSITIVE_INFINITY);

export function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : undefined, seeds: values.length };
}
