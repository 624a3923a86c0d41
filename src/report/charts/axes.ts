import { formatMetric, metricFormat } from '../../dashboard/format.ts';
import { logMetrics } from '../study/analysis.ts';
import type { StudyHead, TrialRow } from '../study/picture.ts';
import type { Look } from './look.ts';

/** Labels, lines and ticks that all axes share. */
export const axisLook = (look: Look) => ({
  nameTextStyle: { color: look.muted, fontSize: 12 },
  axisLabel: { color: look.muted, fontSize: 11, hideOverlap: true },
  axisLine: { lineStyle: { color: look.grid } },
  axisTick: { lineStyle: { color: look.grid } },
  splitLine: { lineStyle: { color: look.grid } },
});

/** Ratios of at least this are shown on a logarithmic axis, for metrics that people compare by ratio. */
const wideRange = 6;

export function isLog(head: StudyHead, metric: string, values: readonly number[]): boolean {
  if (!logMetrics(head).has(metric)) return false;
  const [low, high] = extent(values);
  return low > 0 && high / low >= wideRange;
}

export function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** An axis of a metric, with its unit. */
export function metricAxis(head: StudyHead, metric: string, rows: readonly TrialRow[], look: Look) {
  const values = rows.flatMap(({ metrics }) => metrics[metric] ?? []);
  const log = isLog(head, metric, values);
  const [low, high] = paddedExtent(values, log);
  const shared = axisLook(look);
  return {
    ...shared,
    type: log ? 'log' : 'value',
    scale: true,
    min: low,
    max: high,
    name: `${metricFormat(metric).label}${betterHint(head, metric)}`,
    nameLocation: 'middle',
    axisLabel: {
      ...shared.axisLabel,
      formatter: (value: number) => axisText(metric, value),
      showMinLabel: false,
      showMaxLabel: false,
    },
    minorSplitLine: { show: false },
  };
}

/** Some air around the values, so that no point lies on the frame. */
function paddedExtent(values: readonly number[], log: boolean): [number, number] {
  const [low, high] = extent(values);
  if (!Number.isFinite(low)) return [0, 1];
  if (log) return [low / (high / low) ** 0.05, high * (high / low) ** 0.05];
  const air = (high - low || Math.abs(high) || 1) * 0.05;
  return [low - air, high + air];
}

function betterHint({ metrics }: StudyHead, metric: string): string {
  const info = metrics.find(({ name }) => name === metric);
  return info ? (info.better === 'maximize' ? '  (more is better)' : '  (less is better)') : '';
}

/** A number on an axis: shorter than in a table. */
export const axisText = (metric: string, value: number): string =>
  formatMetric(metric, value)
    .replace(/(\.\d*?)0+(?=\s|$)/, '$1')
    .replace(/\.(?=\s|$)/, '');
