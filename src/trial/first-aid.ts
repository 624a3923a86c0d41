import type { Plan } from '../core/candidate.ts';
import type { Json } from '../core/json.ts';
import { createRng } from '../core/rng.ts';
import { type Suspect, suspectsOf, treated, withSettings } from '../network/compress/remedies.ts';
import type { Effect } from '../network/compress/technique.ts';
import { evaluate } from '../network/engine/evaluate.ts';
import { sampleOf } from '../network/engine/findings.ts';
import type { Graph } from '../network/ir/graph.ts';
import { finish } from './calibrate.ts';
import { exportGraph } from './export-graph.ts';
import type { TrialHooks } from './protocol.ts';
import type { SharedTrialData } from './shared.ts';

/** Lost accuracy that is called a collapse: what finishing the trained network may cost, on so many training images. */
const collapse = 0.05;
const images = 512;

export interface Patient {
  /** As it was trained. */
  readonly trained: Graph;
  /** As the plan finishes it. */
  readonly finished: Graph;
  readonly plan: Plan;
}

/** `details.firstAid` of a trial. Accuracies are shares of the training images that were looked at. */
export interface FirstAidRecord {
  readonly images: number;
  /** Without what broke the network, and with it as planned. */
  readonly before: Effect;
  readonly planned: Effect;
  /** The worst first: what the plan costs at this layer alone. */
  readonly layers: readonly { readonly layer: string; readonly lostAccuracy: number; readonly addedLoss: number }[];
  /** What made it well again, and where; null where nothing did that the space allows. */
  readonly remedy: (Effect & { readonly name: string; readonly layers: readonly string[] }) | null;
}

export interface Treated {
  /** What is exported: the finished network, or the first remedied one that is well again. */
  readonly graph: Graph;
  /** Facts for the trial's record; absent where all is well. */
  readonly record?: { readonly firstAid: Json };
}

/** A plan's network and how it does. */
interface Attempt extends Effect {
  readonly graph: Graph;
}

/**
 * Where finishing a trained network (quantizing it) breaks it, finds the layers to blame, doing to each alone what the
 * plan does to it, and tries the remedies that the space allows in their order, on the worst layer, on the two worst, four …
 * The candidate stays what it is, its key too: what was done beyond the plan is in the record, and all metrics are those of the
 * remedied file. Follows from the trained network, the plan and the data alone.
 */
export async function firstAid(patient: Patient, shared: SharedTrialData, hooks: TrialHooks): Promise<Treated> {
  const { trained, finished, plan } = patient;
  const suspects = suspectsOf(plan);
  if (suspects.length === 0) return { graph: finished };
  const look = examiner(shared, hooks);
  const attempt = async (changed: Plan) => look(await finish(trained, changed, shared, hooks));
  const without = withSettings(plan, leftOut(suspects));
  const [healthy, planned] = [await attempt(without), await look(finished)];
  if (isWell(planned, healthy)) return { graph: finished };
  const blamed: (Effect & { readonly suspect: Suspect })[] = [];
  for (const suspect of suspects) {
    const { accuracy, loss } = await attempt(withSettings(without, [[suspect, suspect.settings]]));
    blamed.push({ suspect, accuracy: healthy.accuracy - accuracy, loss: loss - healthy.loss });
  }
  blamed.sort((a, b) => b.loss - a.loss);
  const worst = blamed.map(({ suspect }) => suspect);
  const cure = await treat({ plan, worst, healthy }, shared.setup.firstAid ?? [], attempt);
  const layers = blamed.map(({ suspect, accuracy, loss }) => ({ layer: suspect.site, lostAccuracy: accuracy, addedLoss: loss }));
  const facts: FirstAidRecord = {
    images,
    before: effectOf(healthy),
    planned: effectOf(planned),
    layers,
    remedy: cure?.record ?? null,
  };
  return { graph: cure?.graph ?? finished, record: { firstAid: facts as unknown as Json } };
}

/** The plan's settings of the suspects, all of them left out. */
const leftOut = (suspects: readonly Suspect[]) => suspects.map((suspect) => [suspect, undefined] as const);

const isWell = (found: Effect, healthy: Effect): boolean => healthy.accuracy - found.accuracy <= collapse;

const effectOf = ({ accuracy, loss }: Effect) => ({ accuracy, loss });

/** How a network does as a file, on training images as they are. */
function examiner({ dataset }: SharedTrialData, hooks: TrialHooks): (graph: Graph) => Promise<Attempt> {
  const { train: split, shape, normalization } = dataset;
  const sample = sampleOf({ split, shape, normalization }, images, createRng('first aid'));
  return async (graph) => {
    const { accuracy, loss } = await evaluate(exportGraph(graph, dataset), dataset, sample.split, hooks);
    return { graph, accuracy, loss };
  };
}

interface Case {
  readonly plan: Plan;
  /** The worst first. */
  readonly worst: readonly Suspect[];
  readonly healthy: Effect;
}

/** The first remedy after which the network is well, on as few layers as it takes; undefined where none helps. */
async function treat({ plan, worst, healthy }: Case, remedies: readonly string[], attempt: (plan: Plan) => Promise<Attempt>) {
  for (const name of remedies) {
    const changes = treated(worst, name);
    for (let count = 1; count < 2 * changes.length; count *= 2) {
      const some = changes.slice(0, count);
      const found = await attempt(withSettings(plan, some));
      if (!isWell(found, healthy)) continue;
      return { graph: found.graph, record: { name, layers: some.map(([{ site }]) => site), ...effectOf(found) } };
    }
  }
  return undefined;
}
