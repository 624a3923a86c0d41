import type { Goal, Metrics } from '../core/objective.ts';

/** Numbers as people read them, for every screen and table. A number that is not known is shown as `—`. */

const unknown = '—';

type Maybe = number | undefined;

/** 812 → `812 B`, 87400 → `87.4 kB`, 1080000 → `1.08 MB` (kB = 1000 bytes), three digits. */
export const formatBytes = (bytes: Maybe): string => scaled(bytes, ['B', 'kB', 'MB', 'GB', 'TB'], 3);

/** 1.234 → `1.23 ms`, 0.0123 → `0.0123 ms`, 1500 → `1.50 s`. */
export function formatMs(ms: Maybe): string {
  if (!isKnown(ms)) return unknown;
  return Math.abs(ms) >= 999.5 ? `${digits(ms / 1000, 3)} s` : `${digits(ms, 3)} ms`;
}

/** A fraction: 0.9123 → `91.23 %`. */
export const formatPercent = (fraction: Maybe, decimals = 2): string =>
  isKnown(fraction) ? `${signed((fraction * 100).toFixed(decimals))} %` : unknown;

/** A difference of fractions in percentage points, with its sign: -0.0042 → `−0.42`. */
export function formatPoints(difference: Maybe, decimals = 2): string {
  if (!isKnown(difference)) return unknown;
  const text = signed((difference * 100).toFixed(decimals));
  return difference > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** 812 → `812`, 272474 → `272 k`, 40600000 → `40.6 M`. */
export function formatCount(count: Maybe): string {
  if (!isKnown(count)) return unknown;
  if (Math.abs(count) < 1000) return signed(String(Math.round(count)));
  return scaled(count, ['', 'k', 'M', 'G', 'T'], 2);
}

/** A plain number with so many decimals: -0.0004 → `0.000`, -0.001 → `−0.001`. */
export const formatFixed = (value: Maybe, decimals: number): string =>
  isKnown(value) ? signed(value.toFixed(decimals)) : unknown;

/** How many times: 8.31 → `8.3×`, 123.4 → `123×`. */
export function formatRatio(ratio: Maybe): string {
  if (!isKnown(ratio)) return unknown;
  return `${signed(ratio.toFixed(Math.abs(ratio) < 99.95 ? 1 : 0))}×`;
}

/** Milliseconds: 8000 → `8 s`, 200000 → `3 min 20 s`, 7500000 → `2 h 05 min`, 273600000 → `3 d 4 h`. */
export function formatDuration(ms: Maybe): string {
  if (!isKnown(ms)) return unknown;
  const seconds = Math.max(0, Math.round(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min ${pad(seconds % 60)} s`;
  if (hours < 48) return `${hours} h ${pad(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long something took: below ten seconds with tenths, which an estimate has not. */
export const formatTook = (ms: Maybe): string =>
  isKnown(ms) && ms >= 0 && ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : formatDuration(ms);

/** Trials per hour, by the unit that reads best: 552 → `9.2/min`, 48 → `48/h`, 0.5 → `12/day`. */
export function formatRate(perHour: number): string {
  if (perHour >= 120) return `${digits(perHour / 60, 2)}/min`;
  return perHour >= 1 ? `${digits(perHour, 2)}/h` : `${digits(perHour * 24, 2)}/day`;
}

/** A stopwatch: 200000 → `3:20`, 4000000 → `1:06:40`. */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${pad(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(seconds % 60)}`;
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600 };

/** `90s`, `15m`, `2h` or plain seconds → seconds; undefined for what is none of these. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(s|m|min|h)?$/.exec(text.trim());
  const seconds = match ? Number(match[1]) * secondsOf[match[2] ?? 's']! : 0;
  return seconds > 0 ? seconds : undefined;
}

/** How a metric is named and written. Metrics that are not listed are written as plain numbers. */
export interface MetricFormat {
  readonly label: string;
  readonly format: (value: Maybe) => string;
  /** It compares with the baseline already. */
  readonly relative?: true;
  /** A share of images: what it gains or loses is told in points. */
  readonly share?: true;
}

/** What a search is to save: the first of its objectives that is to be small; the time that throughput comes of; else bytes. */
export function savedBy({ objectives }: Pick<Goal, 'objectives'>): string {
  const small = objectives.find(({ direction }) => direction === 'minimize');
  return small?.metric ?? (objectives.some(({ metric }) => metric === 'throughput') ? 'latencyMs' : 'size');
}

/** NaN where the metric is missing on either side. */
export const timesLess = (metric: string, metrics: Metrics, baseline: Metrics): number =>
  (baseline[metric] ?? Number.NaN) / (metrics[metric] ?? Number.NaN);

const savedWords: Readonly<Record<string, string>> = { size: 'smaller', latencyMs: 'faster', latencyRatio: 'faster' };

/** `8.3× smaller`, `1.2× faster`, `3.0× fewer MACs`. */
export const savedText = (metric: string, times: number): string =>
  `${formatRatio(times)} ${savedWords[metric] ?? `fewer ${metricFormat(metric).label}`}`;

/** Of a ratio baseline : trial: `3.1× less`, `1.2× more`, `the same`. */
export function timesText(ratio: number): string {
  if (formatRatio(ratio) === formatRatio(1)) return 'the same';
  return ratio >= 1 ? `${formatRatio(ratio)} less` : `${formatRatio(1 / ratio)} more`;
}

export const metricFormats: Readonly<Record<string, MetricFormat>> = {
  accuracy: { label: 'accuracy', format: formatPercent, share: true },
  size: { label: 'size', format: formatBytes },
  latencyMs: { label: 'latency', format: formatMs },
  latencyRatio: {
    label: 'latency ratio',
    format: (value) => (isKnown(value) ? `${digits(value, 3)}×` : unknown),
    relative: true,
  },
  macs: { label: 'MACs', format: formatCount },
  expectedMacs: { label: 'mean MACs', format: formatCount },
  params: { label: 'params', format: formatCount },
  throughput: { label: 'images/s', format: formatCount },
  balancedAccuracy: { label: 'balanced acc.', format: formatPercent, share: true },
  worstRecall: { label: 'worst recall', format: formatPercent, share: true },
};

/** Of one class, by the beginning of their names: `recall(Ankle boot)`. */
const classMetric = /^(recall|precision)\(/;

export function metricFormat(metric: string): MetricFormat {
  if (classMetric.test(metric)) return { label: metric, format: formatPercent, share: true };
  if (metric.startsWith('nodes(')) return { label: metric, format: formatCount };
  return metricFormats[metric] ?? { label: metric, format: (value) => (isKnown(value) ? digits(value, 4) : unknown) };
}

/** One metric's value with its unit: `formatMetric('size', 87400)` → `87.4 kB`. */
export const formatMetric = (metric: string, value: Maybe): string => metricFormat(metric).format(value);

const isKnown = (value: Maybe): value is number => value !== undefined && Number.isFinite(value);

const pad = (value: number) => String(value).padStart(2, '0');

/** A typographic minus, and no minus before zero. */
const signed = (text: string) => (Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−'));

/** Significant digits without an exponent: 1.234 → `1.23`, 274.3 → `274`, 0.01234 → `0.0123`. */
function digits(value: number, significant: number): string {
  if (value === 0) return '0';
  const magnitude = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(significant)))));
  return signed(value.toFixed(Math.min(20, Math.max(0, significant - 1 - magnitude))));
}

/** Steps of 1000; `significant` digits, but never fewer than the integer part needs. The first unit has no decimals. */
function scaled(value: Maybe, units: readonly string[], significant: 2 | 3): string {
  if (!isKnown(value)) return unknown;
  let step = 0;
  let rest = value;
  while (Math.abs(Number(rest.toPrecision(3))) >= 1000 && step < units.length - 1) {
    rest /= 1000;
    step++;
  }
  if (step === 0) return `${signed(String(Math.round(rest)))} ${units[0]}`.trim();
  const decimals = Math.abs(rest) < 9.995 ? significant - 1 : Math.abs(rest) < 99.95 ? 1 : 0;
  return `${signed(rest.toFixed(decimals))} ${units[step]}`;
}
