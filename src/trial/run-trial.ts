import type { Plan } from '../core/candidate.ts';
import { NasError } from '../core/errors.ts';
import type { Metrics } from '../core/objective.ts';
import type { DoneOutcome, Outcome } from '../core/trial.ts';
import { canonicalPlan, reportOf } from '../network/compress/recipe.ts';
import { evaluate } from '../network/engine/evaluate.ts';
import { withNewWeights } from '../network/models/renew.ts';
import { saveArtefact } from './artefacts.ts';
import { untrained } from './baseline.ts';
import { finish } from './calibrate.ts';
import { trainConverging } from './convergence.ts';
import { exportGraph } from './export-graph.ts';
import { compressed, fineTune } from './fine-tune.ts';
import { firstAid } from './first-aid.ts';
import { HalfTrained } from './half-trained.ts';
import { measure } from './measure.ts';
import { adapt, measureProbe, timeProbe } from './probe.ts';
import { type Job, SearchStopped, type TrialHooks, TrialStopped } from './protocol.ts';
import type { SharedTrialData } from './shared.ts';

/**
 * One trial: compress the trained baseline, fine-tune it, export it, and measure the exported bytes. A probe trains nothing.
 * The plan runs in its normal form: what does nothing to the network is not trained either, as the candidate's key says.
 */
export async function runTrial(asked: Job, shared: SharedTrialData, hooks: TrialHooks): Promise<Outcome> {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  const half = new HalfTrained(shared.setup.artefactFolder);
  try {
    const job = { ...asked, plan: planOf(asked, shared) };
    const start = asked.fresh ? newlyMade(asked, shared) : shared.baseline;
    const trained = async (plan: Plan) => {
      const own = { ...job, plan };
      return fineTune(await compressed(start, own, shared, hooks), own, shared, hooks, half);
    };
    if (job.probe) {
      const { timed } = job.probe;
      const rewritten = await compressed(start, job, shared, hooks);
      const adapted = timed ? rewritten : await adapt(rewritten, job.plan, shared, hooks);
      const probed = await finish(adapted, job.plan, shared, hooks);
      const metrics = await (timed ? timeProbe : measureProbe)(probed, job.probe, shared, hooks);
      return { state: 'done', metrics, seconds: seconds() };
    }
    const again = isWhole(job) ? trained : undefined;
    const converged = await trainConverging(job.plan, trained, again, shared, hooks);
    const { graph: final, tuned, plan, record } = await firstAid(converged, again, shared, hooks);
    const bytes = exportGraph(final, shared.dataset);
    const measured = await measure(final, bytes, shared, hooks);
    const artefact = await saveArtefact(shared.setup.artefactFolder, bytes);
    const facts = { techniques: reportOf(tuned.graph, plan), curve: tuned.curve.map((point) => ({ ...point })) };
    const details = { ...measured.details, ...facts, ...converged.record, ...record, hostPeakBytes: peakBytes() };
    const { metrics } = measured;
    const extra = { ...tuned.reached, ...(job.test ? { test: await testMetrics(bytes, shared, hooks) } : {}) };
    await half.discard();
    return { state: 'done', metrics, artefact, details, ...extra, seconds: seconds() } satisfies DoneOutcome;
  } catch (error) {
    if (!isStopped(error)) await half.discard();
    if (!(error instanceof NasError) || error instanceof SearchStopped) throw error;
    return { state: 'failed', code: error.code, message: error.message, seconds: seconds() };
  }
}

/** A network from a file comes trained. */
const newlyMade = ({ seed }: Job, { setup, dataset }: SharedTrialData) => withNewWeights(untrained(setup, dataset, seed), seed);

/** Whether the trial runs again on resume. */
const isStopped = (error: unknown): boolean =>
  error instanceof SearchStopped || (error instanceof TrialStopped && error.reason === 'stopped');

/** Whether it may be trained another way: not in parts, and from the trained baseline. */
const isWhole = ({ rung, fresh }: Job): boolean => !rung && !fresh;

/** The normal form. New weights are trained as the plan says even where no technique asks for training. */
function planOf({ plan, fresh }: Job, { baseline }: SharedTrialData): Plan {
  const normal = canonicalPlan(baseline, plan);
  return fresh ? { ...normal, recipe: plan.recipe } : normal;
}

/** The most memory that the process of this trial, and of those beside it, ever held. */
const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;

async function testMetrics(bytes: Uint8Array, { dataset, setup }: SharedTrialData, hooks: TrialHooks): Promise<Metrics> {
  const { accuracy } = await evaluate(bytes, dataset, dataset.test, hooks, { threads: setup.share ?? 1 });
  return { accuracy };
}
