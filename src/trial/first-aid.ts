import type { Plan } from '../core/candidate.ts';
import type { Json } from '../core/json.ts';
import { type Changes, remedied, type Suspect, suspectsOf, withSettings } from '../network/compress/remedies.ts';
import type { Effect } from '../network/compress/technique.ts';
import type { Graph } from '../network/ir/graph.ts';
import { finish } from './calibrate.ts';
import { type Blame, type Examined, effectOf, examiner, images } from './examine.ts';
import type { Tuned } from './fine-tune.ts';
import type { TrialHooks } from './protocol.ts';
import type { SharedTrialData } from './shared.ts';

/** Lost accuracy that is called a collapse: what finishing the trained network may cost. */
const collapse = 0.05;

/** A trained network and its plan. */
interface Patient {
  readonly tuned: Tuned;
  readonly plan: Plan;
}

/** Trains by another plan, from the start. */
type Train = (plan: Plan) => Promise<Tuned>;

/** `details.firstAid` of a trial. Accuracies are shares of the training images that were looked at. */
export interface FirstAidRecord {
  readonly images: number;
  /** Without what broke the network, and with it as planned. */
  readonly before: Effect;
  readonly planned: Effect;
  /** The worst first: what the plan costs at this layer alone. */
  readonly layers: readonly Blame[];
  /**
   * What made it well again, and where; null where nothing did that the space allows. `seconds`: what training it again
   * took, for remedies that training has to feel.
   */
  readonly remedy: (Effect & { readonly name: string; readonly layers: readonly string[]; readonly seconds?: number }) | null;
}

export interface Treated extends Patient {
  /** What is exported: the finished network, or the first remedied one that is well again. */
  readonly graph: Graph;
  /** Facts for the trial's record; absent where all is well. */
  readonly record?: { readonly firstAid: Json };
}

/**
 * Where finishing a trained network (quantizing it) breaks it, finds the layers to blame, doing to each alone what the
 * plan does to it, and tries the remedies that the space allows in their order, on the worst layer, on the two worst, four …;
 * one that training has to feel is trained from the start, on all layers at once, where there is `train`.
 * The candidate stays what it is, its key too: what was done beyond the plan is in the record, and all metrics are those of the
 * remedied file. Follows from the trained network, the plan and the data alone.
 */
export async function firstAid(
  patient: Patient,
  train: Train | undefined,
  shared: SharedTrialData,
  hooks: TrialHooks,
): Promise<Treated> {
  const { tuned, plan } = patient;
  const suspects = suspectsOf(plan);
  const finished = await finish(tuned.graph, plan, shared, hooks);
  if (suspects.length === 0) return { tuned, plan, graph: finished };
  const look = examiner(shared, hooks);
  const attempt = async (changed: Plan, by = tuned) => look(await finish(by.graph, changed, shared, hooks));
  const without = withSettings(plan, leftOut(suspects));
  const [healthy, planned] = [await attempt(without), await look(finished)];
  if (isWell(planned, healthy)) return { tuned, plan, graph: finished };
  const blamed: (Blame & { readonly suspect: Suspect })[] = [];
  for (const suspect of suspects) {
    const { accuracy, loss } = await attempt(withSettings(without, [[suspect, suspect.settings]]));
    const costs = { lostAccuracy: healthy.accuracy - accuracy, addedLoss: loss - healthy.loss };
    blamed.push({ suspect, layer: suspect.site, ...costs });
  }
  blamed.sort((a, b) => b.addedLoss - a.addedLoss);
  const worst = blamed.map(({ suspect }) => suspect);
  const cure = await treat({ plan, worst, healthy, train, attempt }, shared.setup.firstAid ?? []);
  const layers = blamed.map(({ layer, lostAccuracy, addedLoss }): Blame => ({ layer, lostAccuracy, addedLoss }));
  const facts: FirstAidRecord = {
    images,
    before: effectOf(healthy),
    planned: effectOf(planned),
    layers,
    remedy: cure?.record ?? null,
  };
  const record = { firstAid: facts as unknown as Json };
  return cure ? { tuned, plan, ...cure.patient, graph: cure.graph, record } : { tuned, plan, graph: finished, record };
}

/** The plan's settings of the suspects, all of them left out. */
const leftOut = (suspects: readonly Suspect[]) => suspects.map((suspect) => [suspect, undefined] as const);

const isWell = (found: Effect, healthy: Effect): boolean => healthy.accuracy - found.accuracy <= collapse;

interface Case extends Pick<Patient, 'plan'> {
  /** The worst first. */
  readonly worst: readonly Suspect[];
  readonly healthy: Effect;
  readonly train: Train | undefined;
  readonly attempt: (plan: Plan, tuned?: Tuned) => Promise<Examined>;
}

interface Cure {
  readonly patient: Partial<Patient>;
  readonly graph: Graph;
  readonly record: NonNullable<FirstAidRecord['remedy']>;
}

/** The first remedy after which the network is well, on as few layers as it takes; undefined where none helps. */
async function treat(patient: Case, remedies: readonly string[]): Promise<Cure | undefined> {
  const { plan, worst, healthy, attempt } = patient;
  for (const name of remedies) {
    const changes = remedied(worst, name);
    if (changes.some(([{ technique }, settings]) => settings && technique.simulates?.(settings))) {
      const cure = await retrain(patient, name, changes);
      if (cure) return cure;
      continue;
    }
    for (let count = 1; count < 2 * changes.length; count *= 2) {
      const some = changes.slice(0, count);
      const found = await attempt(withSettings(plan, some));
      if (!isWell(found, healthy)) continue;
      return { patient: {}, graph: found.graph, record: { name, layers: layersOf(some), ...effectOf(found) } };
    }
  }
  return undefined;
}

const layersOf = (changes: Changes) => changes.map(([{ site }]) => site);

async function retrain({ plan, train, attempt, healthy }: Case, name: string, changes: Changes): Promise<Cure | undefined> {
  if (!train) return undefined;
  const startedAt = performance.now();
  const changed = withSettings(plan, changes);
  const tuned = await train(changed);
  const found = await attempt(changed, tuned);
  if (!isWell(found, healthy)) return undefined;
  const seconds = (performance.now() - startedAt) / 1000;
  const record = { name, layers: layersOf(changes), seconds, ...effectOf(found) };
  return { patient: { tuned, plan: changed }, graph: found.graph, record };
}
