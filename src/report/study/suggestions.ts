import { NasError } from '../../core/errors.ts';
import { formatMetric, formatRatio } from '../../dashboard/format.ts';
import { pickRules } from '../../search/pick/index.ts';
import type { PickContext } from '../../search/pick/rule.ts';
import { type Analysis, logMetrics } from './analysis.ts';
import type { StudyHead, TrialRow } from './picture.ts';

export interface Suggestion {
  readonly trial: TrialRow;
  /** The rules that pick it: name and summary. */
  readonly rules: readonly { readonly name: string; readonly summary: string }[];
}

/** What the rules of `nas pick` choose of the front, each model once, in the order of the rules. */
export function suggestionsFor(head: StudyHead, { front, baseline }: Analysis): Suggestion[] {
  if (front.length === 0) return [];
  const context: PickContext = {
    goal: head.goal,
    logScale: logMetrics(head),
    ...(baseline ? { baseline: baseline.metrics } : {}),
  };
  const byTrial = new Map<TrialRow, { readonly name: string; readonly summary: string }[]>();
  for (const rule of pickRules) {
    const { name, summary } = rule;
    const trial = firstOf(() => rule.rank(front, context));
    if (trial) byTrial.set(trial, [...(byTrial.get(trial) ?? []), { name, summary }]);
  }
  return [...byTrial].map(([trial, rules]) => ({ trial, rules }));
}

/** A rule that lacks what it needs (a metric, the number of images) suggests nothing. */
function firstOf(rank: () => readonly TrialRow[]): TrialRow | undefined {
  try {
    return rank()[0];
  } catch (error) {
    if (error instanceof NasError) return undefined;
    throw error;
  }
}

/** What a study has come to, in a line: `6.39 kB at 78.85 %, 3.4× smaller than the dense network`. */
export function headlineOf(best: TrialRow | undefined, baseline: TrialRow | undefined): string {
  if (!best) return 'no model keeps every constraint';
  const { accuracy, size } = best.metrics;
  const now = [formatMetric('size', size), formatMetric('accuracy', accuracy)].filter((text) => text !== '—').join(' at ');
  const before = baseline?.metrics['size'];
  return before === undefined || size === undefined || best === baseline
    ? now
    : `${now}, ${formatRatio(before / size)} smaller than the dense network`;
}
