import { NasError, pick } from '../core/errors.ts';
import type { Metrics } from '../core/objective.ts';
import { metricInfos } from '../network/metrics/index.ts';
import { pickRules } from '../search/pick/index.ts';
import type { PickContext, PickRule } from '../search/pick/rule.ts';
import { frontOf } from '../search/study/progress.ts';
import type { StudyView } from '../store/index.ts';
import { factsOf } from './study-facts.ts';

/** Bytes, counts and times are compared by their ratios. */
export const logScale: ReadonlySet<string> = new Set(
  metricInfos.filter(({ unit }) => unit !== 'fraction').map(({ name }) => name),
);

type FrontTrial = ReturnType<typeof frontOf>[number];

/** A study's front as the rules see it. */
export interface Choice {
  readonly front: readonly FrontTrial[];
  readonly context: PickContext;
}

export function choiceOf({ trials, record }: StudyView): Choice {
  const { goal } = factsOf(record);
  const [first] = trials;
  const baseline = first?.state === 'done' ? first : undefined;
  const images = baseline && validationImages(baseline);
  return {
    front: frontOf(trials, goal),
    context: { goal, logScale, ...(baseline ? { baseline: baseline.metrics } : {}), ...(images === undefined ? {} : { images }) },
  };
}

/** Trials keep the number of images with their report per class; those of version 0.1 do not. */
function validationImages({ details }: FrontTrial): number | undefined {
  const { validation } = (details ?? {}) as { readonly validation?: { readonly images?: number } };
  return validation?.images;
}

/** Throws NasError UNKNOWN_RULE. */
export const ruleNamed = (name: string | undefined): PickRule =>
  name === undefined ? pickRules[0] : pick('rule', pickRules, name);

/** What a rule picks of a front; throws NasError PICK_NOTHING where the front is empty. */
export function pickOf(rule: PickRule, { front, context }: Choice, study: string): FrontTrial {
  const [first] = front.length > 0 ? rule.rank(front, context) : [];
  if (first) return first;
  const message = `study "${study}" has no finished trial that keeps every constraint. See nas ls for how they ended, or loosen a constraint.`;
  throw new NasError('PICK_NOTHING', message, { facts: { study } });
}

/** The member that the default rule picks, where the front has any. */
export const defaultPick = ({ front, context }: Choice): { readonly number: number; readonly metrics: Metrics } | undefined =>
  front.length > 0 ? pickRules[0].rank(front, context)[0] : undefined;

/** What another rule picks; undefined where the study lacks what it needs. */
export function attempt(rule: PickRule, { front, context }: Choice): FrontTrial | undefined {
  try {
    return rule.rank(front, context)[0];
  } catch (error) {
    if (error instanceof NasError) return undefined;
    throw error;
  }
}
