import type { Json } from './json.ts';
import type { Metrics } from './objective.ts';
import { measuredTrial, type Trial } from './trial.ts';

export type Range = readonly [low: number, high: number];

/**
 * Where a trial's metrics lie, as far as their noise is known. Accuracy: mean ± sample deviation of its trainings with other
 * seeds, where there are two or more; else ± one standard error of a share of so many images (binomial). Latency: where
 * the same measurement is expected with 95 % when another process makes it anew.
 */
export function rangesOf(trial: Trial, replicates: readonly Metrics[] | undefined): Readonly<Record<string, Range>> {
  const measured = measuredTrial(trial);
  if (!measured) return {};
  const details = measured.details as Details | undefined;
  const { accuracy } = measured.metrics;
  const again = (replicates ?? []).flatMap((metrics) => metrics['accuracy'] ?? []);
  const ranges: Record<string, Range | undefined> = {
    accuracy: again.length > 1 ? spread(again) : binomial(accuracy, details?.validation?.images),
    latencyMs: interval(details?.latency?.lowMs, details?.latency?.highMs),
    latencyRatio: interval(details?.latency?.ratioLow, details?.latency?.ratioHigh),
  };
  return Object.fromEntries(Object.entries(ranges).filter((entry): entry is [string, Range] => entry[1] !== undefined));
}

/** What a trial's record says of its measurements; every part may be missing. */
interface Details {
  readonly validation?: { readonly images?: Json };
  readonly latency?: { readonly lowMs?: Json; readonly highMs?: Json; readonly ratioLow?: Json; readonly ratioHigh?: Json };
}

function spread(values: readonly number[]): Range {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return [mean - Math.sqrt(variance), mean + Math.sqrt(variance)];
}

function binomial(share: number | undefined, images: Json | undefined): Range | undefined {
  if (share === undefined || !(share >= 0 && share <= 1) || typeof images !== 'number' || images < 1) return undefined;
  const error = Math.sqrt((share * (1 - share)) / images);
  return [share - error, share + error];
}

const interval = (low: Json | undefined, high: Json | undefined): Range | undefined =>
  typeof low === 'number' && typeof high === 'number' ? [low, high] : undefined;
