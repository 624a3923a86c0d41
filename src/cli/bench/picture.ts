import { writeWhole } from '../../export/written.ts';
import { type Line, linePanels, type Panel } from '../../report/lines.ts';
import { savePicture } from '../../report/save.ts';
import type { Comparison, Score } from '../../search/bench/compare.ts';
import type { BenchReport } from './run.ts';

/** Regrets below it are drawn on the lower edge. */
const floor = 1e-3;

/** A panel for every problem and start: how the missing hypervolume shrinks, median and quartiles over the seeds. */
export const benchSvg = ({ problems, trials, seeds }: BenchReport): string =>
  linePanels(
    problems.flatMap(({ name, starts }) =>
      starts.map(({ anchors, comparisons }) => panelOf(anchors ? `${name}, from anchors` : name, comparisons[0]!)),
    ),
    {
      title: `Hypervolume missing to the true front after each trial; ${trials} trials, median and quartiles of ${seeds} seeds`,
      x: 'trial',
      y: 'missing hypervolume',
      logFloor: floor,
    },
  );

export const saveBenchPicture = (report: BenchReport, file: string): Promise<void> =>
  writeWhole(file, (temporary) => savePicture(benchSvg(report), temporary));

export const panelOf = (title: string, { scores }: Comparison): Panel => ({ title, lines: scores.map(lineOf) });

function lineOf({ searcher, curve }: Score): Line {
  const missing = (values: readonly number[]) => values.map((value) => 1 - value);
  return {
    name: searcher,
    points: missing(curve.median).map((value, i) => [i + 1, value]),
    band: { low: missing(curve.high), high: missing(curve.low) },
  };
}
