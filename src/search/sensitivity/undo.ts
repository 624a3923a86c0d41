import type { Candidate, Plan, SiteSettings } from '../../core/candidate.ts';
import type { Executor, TrialRequest } from '../../core/executor.ts';
import type { Metrics } from '../../core/objective.ts';
import { type Artefact, type Outcome, type Progress, stopError } from '../../core/trial.ts';

/** One choice of a plan: a technique at a site; and the plan without it, where the site is as the dense network has it. */
export interface Undo {
  readonly technique: string;
  readonly site: string;
  readonly settings: SiteSettings;
  readonly plan: Plan;
}

/** Every choice of a plan, undone alone. */
export function undosOf(plan: Plan): Undo[] {
  return Object.entries(plan.techniques).flatMap(([technique, sites]) =>
    Object.entries(sites).map(([site, settings]) => ({ technique, site, settings, plan: without(plan, technique, site) })),
  );
}

function without(plan: Plan, technique: string, site: string): Plan {
  const { [site]: _, ...sites } = plan.techniques[technique]!;
  const { [technique]: __, ...others } = plan.techniques;
  const techniques = Object.keys(sites).length === 0 ? others : { ...plan.techniques, [technique]: sites };
  return { recipe: plan.recipe, techniques };
}

/** What came of a plan. Plain data: it is kept in a file. */
export interface PlanResult {
  readonly metrics?: Metrics;
  /** Why there are no metrics. */
  readonly failure?: string;
  readonly seconds: number;
}

export interface PlanRun {
  /** Open; its `planOf` is `planOfIndex(plans)`. */
  readonly executor: Executor;
  readonly plans: readonly Plan[];
  /** How each is run: as the trial that they come from was, or as probes. */
  readonly request: Omit<TrialRequest, 'candidate' | 'attempt'>;
  /** What is known of each plan from before: it is not run again. */
  readonly known: readonly (PlanResult | undefined)[];
  /** Called with every new result as it comes, so that one that is stopped goes on later. */
  readonly keep: (plan: Plan, result: PlanResult) => Promise<void>;
  /** Share of the work that is done, 0 to 1, of the plans that were not known. */
  readonly progress: (share: number) => void;
  /** The trainings that are paused for good leave a checkpoint behind. */
  readonly discard: (checkpoint: Artefact) => void;
}

/** An executor takes candidates; these stand for plans that no space needs to have. */
export const planOfIndex =
  (plans: readonly Plan[]) =>
  (candidate: Candidate): Plan =>
    plans[Number(candidate['plan'])]!;

/**
 * The result of every plan, as many at a time as the executor has slots. Undefined where it was stopped. Throws the error of a run
 * that ends for what every network would meet.
 */
export async function runPlans(run: PlanRun): Promise<readonly PlanResult[] | undefined> {
  const { plans, known, keep } = run;
  const missing = known.flatMap((result, i) => (result ? [] : [i]));
  const shares = new Map(missing.map((i) => [i, 0]));
  const advance = (i: number, share: number) => {
    shares.set(i, Math.max(share, shares.get(i)!));
    run.progress([...shares.values()].reduce((sum, each) => sum + each, 0) / shares.size);
  };
  const outcomes = await Promise.all(
    missing.map(async (i) => {
      const result = await runPlan(run, i, (share) => advance(i, share));
      if (result) await keep(plans[i]!, result);
      advance(i, 1);
      return result;
    }),
  );
  if (outcomes.includes(undefined)) return undefined;
  return known.map((result, i) => result ?? outcomes[missing.indexOf(i)]!);
}

/** Of a trial's time, about: the rest is measuring. */
const shareOfTraining = 0.8;

async function runPlan(run: PlanRun, index: number, advance: (share: number) => void): Promise<PlanResult | undefined> {
  const outcome = await run.executor.run(
    { ...run.request, attempt: 1, candidate: { plan: index } },
    { started: () => undefined, progress: (_, progress) => advance(trained(progress) * shareOfTraining) },
  );
  if (outcome.state === 'done' && outcome.rung?.checkpoint) run.discard(outcome.rung.checkpoint);
  return resultOf(outcome);
}

/** Only training has epochs. */
const trained = ({ epoch, done, total }: Progress): number => (epoch === undefined || total === 0 ? 0 : done / total);

function resultOf(outcome: Outcome): PlanResult | undefined {
  const { seconds } = outcome;
  if (outcome.state === 'aborted') {
    const error = stopError(outcome);
    if (error) throw error;
    return undefined;
  }
  if (outcome.state === 'failed') return { failure: `${outcome.code}: ${outcome.message}`, seconds };
  return { metrics: outcome.metrics, seconds };
}
