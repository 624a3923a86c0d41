import { cpus } from 'node:os';
import { versions } from '../../src/cli/versions.ts';
import type { Json } from '../../src/core/json.ts';
import { type Columns, type RecordedTable, type TableRung, tableFormat } from '../../src/search/bench/table.ts';
import type { SpaceFile } from '../../src/search/space/file/parse.ts';
import type { InitialTrial } from '../../src/search/study/proposer.ts';
import { type Entry, metricNames } from './journal.ts';

export interface Recording {
  readonly space: SpaceFile;
  /** Of the full training, by rung. */
  readonly shares: readonly number[];
  readonly rowOf: readonly number[];
  readonly anchors: readonly InitialTrial[];
  readonly entries: readonly Entry[];
  /** What the executor said when it was opened. */
  readonly prepared: Json;
}

/** Accuracy that a guess has: the worst that counts. */
const chance = 0.1;

/** The measurements in columns; equal ones give equal tables. */
export function tableOf({ space, shares, rowOf, anchors, entries, prepared }: Recording): RecordedTable {
  const first = entries.filter(({ repeat }) => repeat === 0).sort((a, b) => a.row - b.row);
  const again = entries.filter(({ repeat }) => repeat > 0).sort((a, b) => a.row - b.row);
  const rungs = shares.map(
    (share, i): TableRung => ({
      share,
      metrics: columnsOf(first, i),
      seconds: first.map((entry) => Number(entry.rungs[i]!.seconds.toFixed(3))),
    }),
  );
  const sizes = rungs.at(-1)!.metrics['size']!;
  return {
    format: tableFormat,
    name: space.name,
    space: space.space,
    goal: space.goal,
    rowOf,
    anchors: anchors.map(({ candidate }) => candidate),
    rungs,
    repeats: { rows: again.map(({ row }) => row), metrics: { accuracy: columnsOf(again, shares.length - 1)['accuracy']! } },
    known: ['size', 'macs', 'params'],
    box: {
      best: { accuracy: Math.max(...rungs.at(-1)!.metrics['accuracy']!), size: Math.min(...sizes) },
      worst: { accuracy: chance, size: Math.max(...sizes) },
    },
    logScale: ['size'],
    facts: {
      spaceFile: space.text,
      machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`,
      versions: { ...versions() },
      seconds: 'of a core, on Linux; measured beside other work',
      prepared,
    },
  };
}

const columnsOf = (entries: readonly Entry[], rung: number): Columns =>
  Object.fromEntries(
    metricNames.map((name) => [name, entries.map((entry) => Number(entry.rungs[rung]!.metrics[name]!.toFixed(6)))]),
  );
