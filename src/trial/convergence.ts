import type { Plan } from '../core/candidate.ts';
import { NasError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { finalize, questionsOf, rewrite } from '../network/compress/recipe.ts';
import { identityPlan, lowerRate, remedied, suspectsOf, trainedSuspectsOf, withSettings } from '../network/compress/remedies.ts';
import type { Effect } from '../network/compress/technique.ts';
import { trainRecipeSchema } from '../network/engine/recipe.ts';
import { finish } from './calibrate.ts';
import { type Blame, type Examined, effectOf, examiner, images } from './examine.ts';
import { answer } from './findings.ts';
import type { Tuned } from './fine-tune.ts';
import { adapt } from './probe.ts';
import type { TrialHooks } from './protocol.ts';
import type { SharedTrialData } from './shared.ts';

/** Accuracy that a trained network may lack against the dense one before anybody asks why. */
const worthALook = 0.1;
/** A gain in accuracy that says nothing. */
const noise = 0.02;

/** `details.convergence` of a trial whose network did not learn. Accuracies are shares of the training images that were looked at. */
export interface ConvergenceRecord {
  readonly images: number;
  readonly dense: Effect;
  /** Compressed, BatchNormalization adapted, not trained: what `nas sensitivity` foresees. */
  readonly forecast: Effect;
  /** After training; null where the loss or the weights left all bounds. */
  readonly trained: Effect | null;
  /** The worst first. */
  readonly layers: readonly Blame[];
  /** What was trained instead, from the start, and how long that took; null where nothing helped that the space allows. */
  readonly remedy: (Effect & { readonly name: string; readonly layers: readonly string[]; readonly seconds: number }) | null;
}

/** Trains by a plan, from the start. */
type Train = (plan: Plan) => Promise<Tuned>;

/** A training with the plan that was trained, and facts for the trial's record where it is not the plan's own or did not converge. */
export interface Converged {
  readonly tuned: Tuned;
  readonly plan: Plan;
  readonly record?: { readonly convergence: Json };
}

/**
 * Trains by a plan and looks whether the network learns. It does not where training diverges, leaves it no better than
 * guessing, does not bring its loss down, or leaves it no more accurate than it was before, all of it far from the dense network.
 * Then the layers to blame are found, compressing one at a time, and the remedies that the space allows are tried in their
 * order, each a training of its own: the candidate and its key stay what they are. Without `again` nobody looks.
 */
export async function trainConverging(
  plan: Plan,
  train: Train,
  again: Train | undefined,
  shared: SharedTrialData,
  hooks: TrialHooks,
): Promise<Converged> {
  const suspects = trainedSuspectsOf(plan);
  const [planned, failure] = await attempt(() => train(plan));
  if (suspects.length === 0 || !again) return { tuned: orThrow(planned, failure), plan };
  const look = examiner(shared, hooks);
  const trained = planned && (await look(await unfinished(planned.graph, plan, shared, hooks)));
  const dense = await look(finalize(shared.baseline, identityPlan, {}));
  if (planned && trained && trained.accuracy >= dense.accuracy - worthALook) return { tuned: planned, plan };
  const forecast = await look(await foreseen(plan, shared, hooks));
  if (planned && trained && hasLearned(planned, trained, forecast, shared)) return { tuned: planned, plan };
  const layers = await blame(plan, dense, look, shared, hooks);
  const facts = {
    images,
    dense: effectOf(dense),
    forecast: effectOf(forecast),
    trained: trained ? effectOf(trained) : null,
    layers,
  };
  for (const name of shared.setup.firstAid ?? []) {
    const milder = milderPlan(plan, name, shared);
    if (!milder) continue;
    const startedAt = performance.now();
    const [tuned] = await attempt(() => again(milder.plan));
    const found = tuned && (await look(await unfinished(tuned.graph, milder.plan, shared, hooks)));
    if (!tuned || !found || !hasLearned(tuned, found, forecast, shared)) continue;
    const seconds = (performance.now() - startedAt) / 1000;
    const record: ConvergenceRecord = { ...facts, remedy: { name, layers: milder.layers, seconds, ...effectOf(found) } };
    return { tuned, plan: milder.plan, record: { convergence: record as unknown as Json } };
  }
  const record: ConvergenceRecord = { ...facts, remedy: null };
  return { tuned: orThrow(planned, failure), plan, record: { convergence: record as unknown as Json } };
}

/** What a training gave, or why it did not end. */
async function attempt(train: () => Promise<Tuned>): Promise<readonly [Tuned | undefined, NasError | undefined]> {
  try {
    return [await train(), undefined];
  } catch (error) {
    if (error instanceof NasError && error.code === 'DIVERGED') return [undefined, error];
    throw error;
  }
}

function orThrow(tuned: Tuned | undefined, failure: NasError | undefined): Tuned {
  if (tuned) return tuned;
  throw failure!;
}

function hasLearned({ curve }: Tuned, trained: Effect, forecast: Effect, { dataset }: SharedTrialData): boolean {
  const [first, last] = [curve[0], curve.at(-1)];
  const falls = curve.length < 2 || last!.loss < first!.loss;
  const knows = trained.loss < Math.log(dataset.classes.length);
  return falls && knows && trained.accuracy > forecast.accuracy + noise;
}

/** The trained network without what is only done to it afterwards: that has a first aid of its own. */
const unfinished = (graph: Examined['graph'], plan: Plan, shared: SharedTrialData, hooks: TrialHooks) => {
  const left = suspectsOf(plan).map((suspect) => [suspect, undefined] as const);
  return finish(graph, withSettings(plan, left), shared, hooks);
};

/** As `nas sensitivity` looks at a plan: nothing is trained. */
async function foreseen(plan: Plan, shared: SharedTrialData, hooks: TrialHooks) {
  const { baseline } = shared;
  const rewritten = rewrite(baseline, plan, await answer(questionsOf(baseline, plan), shared, hooks));
  return unfinished(await adapt(rewritten, plan, shared, hooks), plan, shared, hooks);
}

const onlyAt = (plan: Plan, suspects: ReturnType<typeof trainedSuspectsOf>): Plan =>
  withSettings(
    { ...plan, techniques: Object.fromEntries(suspects.map(({ technique }) => [technique.name, {}])) },
    suspects.map((suspect) => [suspect, suspect.settings] as const),
  );

async function blame(
  plan: Plan,
  dense: Effect,
  look: (graph: Examined['graph']) => Promise<Examined>,
  shared: SharedTrialData,
  hooks: TrialHooks,
): Promise<readonly Blame[]> {
  const found: Blame[] = [];
  for (const suspect of trainedSuspectsOf(plan)) {
    const { accuracy, loss } = await look(await foreseen(onlyAt(plan, [suspect]), shared, hooks));
    found.push({ layer: suspect.site, lostAccuracy: dense.accuracy - accuracy, addedLoss: loss - dense.loss });
  }
  return found.sort((a, b) => b.addedLoss - a.addedLoss);
}

/** The plan as a remedy changes it; undefined where it has nothing to do. */
function milderPlan(plan: Plan, name: string, { setup }: SharedTrialData): { plan: Plan; layers: readonly string[] } | undefined {
  const recipe = trainRecipeSchema.parse({ ...(setup.trial as object), ...plan.recipe });
  if (name === lowerRate.name) return { plan: lowerRate.milder(plan, recipe), layers: [] };
  const changes = remedied(trainedSuspectsOf(plan), name);
  if (changes.length === 0) return undefined;
  return { plan: withSettings(plan, changes), layers: changes.map(([{ site }]) => site) };
}
