import { formatMetric, metricFormat } from '../../dashboard/format.ts';
import type { AnalysedStudy } from '../../report/charts/chart.ts';
import type { TrialRow } from '../../report/study/picture.ts';
import { h } from './dom.ts';
import type { PageView } from './url-state.ts';

/** What hangs at the pointer over a trial. */
export function tipOf(row: TrialRow, { analysis }: AnalysedStudy, view: PageView): HTMLElement[] {
  const metrics = [...new Set([view.y, view.x, ...(view.three ? [view.z] : [])])];
  const where = analysis.onFront.has(row.number) ? 'on the front' : row.number === 0 ? 'baseline' : row.state;
  return [
    h('strong', {}, `Trial ${row.number}`),
    h('span', {}, ` ${where}`),
    ...metrics.map((metric) =>
      h('div', {}, h('span', {}, `${metricFormat(metric).label} `), formatMetric(metric, row.metrics[metric])),
    ),
  ];
}
