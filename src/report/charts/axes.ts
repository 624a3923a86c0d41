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
  const { log, low, high } = paddedExtent(head, metric, rows);
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
    ...(log ? ticksAt(logTicks(low, high), shared, metric) : {}),
  };
}

/** 1, 2, 5 and 10 times a power of ten: ECharts itself labels the powers alone. */
export function logTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, i) => 10 ** (first + i));
  const ticks = powers.flatMap((power) => [1, 2, 5].map((step) => Number((step * power).toPrecision(3))));
  return ticks.filter((tick) => tick >= low && tick <= high);
}

const ticksAt = (customValues: readonly number[], shared: ReturnType<typeof axisLook>, metric: string) => ({
  axisTick: { ...shared.axisTick, customValues },
  axisLabel: { ...shared.axisLabel, customValues, formatter: (value: number) => axisText(metric, value) },
});

/** The ends of a metric's axis: with some air around the values, so that no point lies on the frame. */
export function paddedExtent(head: StudyHead, metric: string, rows: readonly TrialRow[]) {
  const values = rows.flatMap(({ metrics }) => metrics[metric] ?? []);
  const log = isLog(head, metric, values);
  const [low, high] = extent(values);
  if (!Number.isFinite(low)) return { log, low: 0, high: 1 };
  if (log) return { log, low: low / (high / low) ** 0.05, high: high * (high / low) ** 0.05 };
  const air = (high - low || Math.abs(high) || 1) * 0.05;
  return { log, low: low - air, high: high + air };
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
