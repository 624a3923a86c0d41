import type { Plan } from '../core/candidate.ts';
import { NasError } from '../core/errors.ts';
import type { Metrics } from '../core/objective.ts';
import type { DoneOutcome, Outcome } from '../core/trial.ts';
import { canonicalPlan, changesTraining, questionsOf, reportOf, rewrite, trainingOf } from '../network/compress/recipe.ts';
import { evaluate } from '../network/engine/evaluate.ts';
import type { TrainRecipe } from '../network/engine/recipe.ts';
import { trainRecipeSchema } from '../network/engine/recipe.ts';
import { type EpochRecord, train } from '../network/engine/train.ts';
import type { Graph } from '../network/ir/graph.ts';
import { saveArtefact } from './artefacts.ts';
import { untrained } from './baseline.ts';
import { asTrained, finish } from './calibrate.ts';
import { exportGraph } from './export-graph.ts';
import { answer, rowsOf } from './findings.ts';
import { firstAid } from './first-aid.ts';
import { measure } from './measure.ts';
import { adapt, measureProbe } from './probe.ts';
import { type Job, SearchStopped, type TrialHooks } from './protocol.ts';
import { trainToRung } from './rungs.ts';
import type { SharedTrialData } from './shared.ts';

/**
 * One trial: compress the trained baseline, fine-tune it, export it, and measure the exported bytes. A probe trains nothing.
 * The plan runs in its normal form: what does nothing to the network is not trained either, as the candidate's key says.
 */
export async function runTrial(asked: Job, shared: SharedTrialData, hooks: TrialHooks): Promise<Outcome> {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  try {
    const job = { ...asked, plan: planOf(asked, shared) };
    const start = asked.fresh ? { ...shared, baseline: untrained(shared.setup, shared.dataset, asked.seed) } : shared;
    const findings = await answer(questionsOf(start.baseline, job.plan), start, hooks);
    const rewritten = rewrite(start.baseline, job.plan, findings);
    if (job.probe) {
      const probed = await finish(await adapt(rewritten, job.plan, shared), job.plan, shared, hooks);
      return { state: 'done', metrics: await measureProbe(probed, job.probe, shared, hooks), seconds: seconds() };
    }
    const trainable = await asTrained(rewritten, job.plan, shared, hooks);
    const tuned = await fineTune(trainable, job, shared, hooks);
    const finished = await finish(tuned.graph, job.plan, shared, hooks);
    const { graph: final, record } = await firstAid({ trained: tuned.graph, finished, plan: job.plan }, shared, hooks);
    const bytes = exportGraph(final, shared.dataset);
    const measured = await measure(final, bytes, shared, hooks);
    const artefact = await saveArtefact(shared.setup.artefactFolder, bytes);
    const facts = { techniques: reportOf(tuned.graph, job.plan), curve: tuned.curve.map((point) => ({ ...point })) };
    const details = { ...measured.details, ...facts, ...record, hostPeakBytes: peakBytes() };
    const { metrics } = measured;
    const extra = { ...tuned.reached, ...(job.test ? { test: await testMetrics(bytes, shared, hooks) } : {}) };
    return { state: 'done', metrics, artefact, details, ...extra, seconds: seconds() } satisfies DoneOutcome;
  } catch (error) {
    if (!(error instanceof NasError) || error instanceof SearchStopped) throw error;
    return { state: 'failed', code: error.code, message: error.message, seconds: seconds() };
  }
}

/** The normal form. New weights are trained as the plan says even where no technique asks for training. */
function planOf({ plan, fresh }: Job, { baseline }: SharedTrialData): Plan {
  const normal = canonicalPlan(baseline, plan);
  return fresh ? { ...normal, recipe: plan.recipe } : normal;
}

/** The most memory that the process of this trial, and of those beside it, ever held. */
const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;

async function testMetrics(bytes: Uint8Array, { dataset }: SharedTrialData, hooks: TrialHooks): Promise<Metrics> {
  const { accuracy } = await evaluate(bytes, dataset, dataset.test, hooks);
  return { accuracy };
}

interface Tuned {
  readonly graph: Graph;
  readonly curve: readonly EpochRecord[];
  readonly reached: Pick<DoneOutcome, 'rung' | 'notes'>;
}

/**
 * Training happens where a technique changed the network, and of new weights; post-training techniques alone take trained
 * weights as they are. Who teaches is the trained baseline in any case.
 */
async function fineTune(graph: Graph, job: Job, shared: SharedTrialData, hooks: TrialHooks): Promise<Tuned> {
  const { plan, seed, rung, fresh } = job;
  if (!fresh && !changesTraining(plan)) return { graph, curve: [], reached: {} };
  const { dataset, setup, baseline, engine } = shared;
  const recipe: TrainRecipe = trainRecipeSchema.parse({ ...(setup.trial as object), ...plan.recipe });
  const { perImage, ...training } = trainingOf(graph, baseline, plan);
  const rows = await rowsOf(perImage, shared, hooks);
  const options = { graph, dataset, recipe, seed, hooks, engine, ...training, perImage: rows };
  return rung ? trainToRung(options, rung, setup.artefactFolder) : { ...(await train(options)), reached: {} };
}
