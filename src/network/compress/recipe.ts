import type { Plan, SiteSettings } from '../../core/candidate.ts';
import type { Site } from '../../core/catalog.ts';
import { pick } from '../../core/errors.ts';
import { type Json, stableStringify } from '../../core/json.ts';
import type { Graph, Tensor } from '../ir/graph.ts';
import { parameterNames } from '../ir/macs.ts';
import { ofOutline, stepOf } from '../ir/outlines.ts';
import { foldBatchNorm } from '../ir/passes/fold-batchnorm.ts';
import { shortNames } from '../ir/passes/short-names.ts';
import { zeros } from '../ir/zeros.ts';
import { techniques } from './index.ts';
import { type Active, activeIn, checkSites, sitesOf, type Turn, turnsOf } from './plan.ts';
import { writeStored } from './storage/write.ts';
import {
  type BySite,
  type Findings,
  type LossTerms,
  type Need,
  noFindings,
  type PerImage,
  type Projection,
  type Questions,
  type Statistics,
  stages,
  type Technique,
  type Weights,
} from './technique.ts';

/**
 * The plan in normal form: every knob has a value, sites that are left as they are are gone, and plans that give the
 * same network from the same weights are equal, whatever they were written like. The training recipe counts only where
 * something is trained. `graph` is the uncompressed model.
 * Idempotent. Throws NasError UNKNOWN_TECHNIQUE, COMPRESS_SITE, COMPRESS_SETTING.
 */
export function canonicalPlan(graph: Graph, plan: Plan): Plan {
  for (const name of Object.keys(plan.techniques)) pick('technique', techniques, name);
  checkSites(graph, plan);
  const used = activeIn(inOtherWords(graph, plan));
  const found = { recipe: plan.recipe, techniques: normalForms(graph, used) };
  // What came to nothing stands no longer between others: they may now be said in other words.
  if (Object.keys(found.techniques).length < used.length) return canonicalPlan(graph, found);
  const normal = changesTraining(found) ? found : { ...found, recipe: {} };
  knownNormal.add(normal);
  return normal;
}

/** Plans that `canonicalPlan` gave. */
const knownNormal = new WeakSet<Plan>();

/**
 * The plan with settings that are a shorter way to say those of another technique said in that one's words. Both must mean the
 * same: no technique of the plan may have its turn between the two.
 */
function inOtherWords(graph: Graph, plan: Plan): Plan {
  const used = activeIn(plan);
  const said = { ...plan.techniques };
  let isOther = false;
  for (const [turn, { technique, settings }] of used.entries()) {
    const same = technique.sameAs?.(graph, settings);
    if (!same) continue;
    const other = pick('technique', techniques, same.technique);
    const later = used.slice(turn + 1).map((active) => active.technique);
    const isBetween = later.some((each) => hasTurnBefore(each, other));
    if (isBetween || (later.includes(other) && !same.joins)) continue;
    isOther = true;
    delete said[technique.name];
    said[other.name] = { ...said[other.name], ...same.settings };
  }
  return isOther ? { ...plan, techniques: said } : plan;
}

/** In the usual order. */
const hasTurnBefore = (a: Technique, b: Technique): boolean =>
  a.stage === b.stage ? techniques.indexOf(a) < techniques.indexOf(b) : stages.indexOf(a.stage) < stages.indexOf(b.stage);

/** Each technique's own normal form, on the network as those before it leave it. */
function normalForms(graph: Graph, used: readonly Active[]): Plan['techniques'] {
  let current = graph;
  const turns = turnsOf(used);
  const normal = turns.flatMap((turn, i) => {
    const { technique, phase } = turn;
    if (phase === 'early') return [{ ...turn, touched: undefined }];
    const place = ofOutline(
      current,
      () => `${phase} ${keyOf(turn)}`,
      () => placeOf(graph, current, turn),
    );
    if (Object.keys(place.settings).length === 0) return [];
    if (shapeMatters(technique, turns.slice(i + 1))) current = step(current, 'outline', place, outline);
    return [place];
  });
  const isIdle = isIdleOrder(normal);
  return settingsOf(normal.filter(({ technique, phase }) => phase !== 'early' && !(isIdle && technique.order)));
}

/** A turn in normal form. `graph` is the network as it is then. */
function placeOf(model: Graph, graph: Graph, turn: Turn): Place {
  const settings = normalForm(model, graph, turn);
  return { ...turn, settings, touched: turn.phase === 'before' ? turn.technique.touches?.(graph, settings) : [] };
}

/** `graph` is the network as it is at the technique's turn. */
function normalForm(model: Graph, graph: Graph, { technique, settings }: Active): BySite<SiteSettings> {
  const there = settingsThere(sitesOf(graph, technique), sitesOf(model, technique), settings);
  return technique.canonical?.(graph, there) ?? there;
}

/**
 * Settings of the sites that are there, under the names that these have by now: a site whose first layer is gone is called after the
 * next one, or has become several. `before` are those of the uncompressed network.
 */
function settingsThere(
  sites: ReadonlyMap<string, Site>,
  before: ReadonlyMap<string, Site>,
  settings: BySite<SiteSettings>,
): BySite<SiteSettings> {
  const names = new Map([...before.values()].flatMap(({ name, layers }) => layers.map((layer) => [layer, name] as const)));
  const renamed = (layer: string) => [layer, names.get(layer) ?? layer].find((name) => settings[name] && !sites.has(name));
  const found = [...sites.values()].flatMap(({ name, layers }): [string, SiteSettings][] => {
    const own = settings[name] ? name : layers.map(renamed).find((each) => each !== undefined);
    return own === undefined ? [] : [[name, settings[own]!]];
  });
  return Object.fromEntries(found);
}

/** A technique may have had two turns. */
function settingsOf(used: readonly Active[]): Plan['techniques'] {
  const all: Record<string, BySite<SiteSettings>> = {};
  for (const { technique, settings } of used) all[technique.name] = { ...all[technique.name], ...settings };
  return all;
}

/** Whether later techniques can tell what this one does to the shape of the network: their normal form or sites depend on it. */
const shapeMatters = (technique: Active['technique'], later: readonly Active[]): boolean =>
  later.length > 0 && (technique.stage === 'architecture' || later.some((other) => other.technique.canonical !== undefined));

/** The network's shape after a technique: which channels and weights go takes findings, how many does not. */
function outline(graph: Graph, { technique, settings }: Active): Graph {
  if (technique.outline) return technique.outline(graph, settings);
  const findings = placeholders(graph, technique.asks?.(graph, settings) ?? {});
  return technique.rewrite?.(graph, settings, findings) ?? graph;
}

/** A turn, and the parameters that it touches where that is known. */
type Place = Turn & { readonly touched: readonly string[] | undefined };

/** Another order of the stages means nothing where all techniques that change places touch different parameters. */
function isIdleOrder(turns: readonly Place[]): boolean {
  return turns.every((a, i) => turns.slice(i + 1).every((b) => !isSwapped(a, b) || areApart(a.touched, b.touched)));
}

/** Whether the second of two usually comes before the first. */
const isSwapped = (first: Turn, second: Turn): boolean =>
  first.phase !== 'later' &&
  second.phase !== 'later' &&
  stages.indexOf(first.technique.stage) > stages.indexOf(second.technique.stage);

const areApart = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  a !== undefined && b !== undefined && !a.some((name) => b.includes(name));

const keyOf = ({ technique, settings }: Active): string => `${technique.name} ${JSON.stringify(settings)}`;

/** Of all that the structure may depend on. */
function structuralKey({ technique, settings }: Active): string {
  const knobs = Object.keys(technique.knobs).filter((knob) => !technique.numeric?.includes(knob));
  const sites = Object.entries(settings).map(([site, own]) => [site, knobs.map((knob) => own[knob])]);
  return `${technique.name} ${JSON.stringify(sites)}`;
}

/** Equal for plans that mean the same: the same network, trained by the same recipe. */
export const planKey = (graph: Graph, plan: Plan): string => meaningKey(canonicalPlan(graph, plan));

/** `planKey` of a plan in normal form. */
export const meaningKey = ({ recipe, techniques }: Plan): string => stableStringify({ recipe, techniques });

/**
 * Of a plan in normal form: equal only for plans that end in the same structure, whatever its numbers are and however it is
 * trained.
 */
export const structureKey = (plan: Plan): string =>
  activeIn(plan)
    .filter(({ technique }) => structuralHooks.some((hook) => technique[hook] !== undefined))
    .map(structuralKey)
    .join();

const structuralHooks = ['order', 'early', 'rewrite', 'prepare', 'finalize', 'store', 'branch'] as const;

/** Whether a plan leaves the network itself as it is, whatever it says about training. */
export const isIdentity = (plan: Plan): boolean => activeIn(plan).length === 0;

/** Whether a plan changes the network before or while it is trained, so that it has to be trained again. */
export const changesTraining = (plan: Plan): boolean =>
  simulates(plan) || activeIn(plan).some(({ technique }) => trains(technique));

/** Whether a network that the technique was applied to has to be trained again. */
export const trains = (technique: Technique): boolean => trainingHooks.some((hook) => technique[hook] !== undefined);

/** Whether training is to feel what is done to the network after it. */
export const simulates = (plan: Plan): boolean =>
  activeIn(plan).some(({ technique, settings }) => Object.values(settings).some((site) => technique.simulates?.(site)));

const trainingHooks = ['rewrite', 'objective', 'during'] as const;

/** Whether what a plan ends in is known, but for its numbers, before anything is trained. */
export const structureIsKnown = (plan: Plan): boolean =>
  activeIn(plan).every(({ technique, settings }) => !Object.values(settings).some((site) => technique.dependsOnValues?.(site)));

/** What the techniques of a plan want to know of `graph`, the trained dense network, before it is rewritten. */
export function questionsOf(graph: Graph, plan: Plan): Questions {
  const all = activeIn(plan).map(({ technique, settings }) => technique.asks?.(graph, settings) ?? {});
  return {
    activity: [...new Set(all.flatMap(({ activity }) => activity ?? []))],
    gradients: all.some(({ gradients }) => gradients),
    effects: Object.assign({}, ...all.map(({ effects }) => effects ?? {})) as NonNullable<Questions['effects']>,
  };
}

/**
 * Answers that say nothing: enough to know a rewritten network's shape and size before anything is trained, since
 * findings decide what goes, never how much.
 */
export function placeholders(graph: Graph, { activity = [], gradients = false, effects = {} }: Questions): Findings {
  const nothing = (length: number) => zeros('float32', [length]).data as Float32Array;
  const parameters = gradients ? parameterNames(graph) : [];
  return {
    activity: Object.fromEntries(activity.map((value) => [value, nothing(graph.types[value]!.shape[1]!)])),
    gradients: [Object.fromEntries(parameters.map((name) => [name, nothing(graph.initializers[name]!.data.length)]))],
    effects: Object.fromEntries(Object.keys(effects).map((name) => [name, { accuracy: 0, loss: 0 }])),
  };
}

/**
 * The network before fine-tuning: `graph`, the trained dense network, rewritten by every technique of the plan.
 * `findings` answer `questionsOf`. Throws NasError COMPRESS_FINDINGS where an answer is missing.
 */
export function rewrite(graph: Graph, plan: Plan, findings: Findings = noFindings): Graph {
  let current = graph;
  let known = findings;
  const turns = turnsOf(activeIn(withoutIdleOrder(graph, plan)));
  for (const [i, turn] of turns.entries()) {
    const { technique, settings, phase } = turn;
    const isAhead = turns.slice(i + 1).some((later) => isSwapped(turn, later));
    const next = step(current, phase === 'early' ? `early ${isAhead}` : 'rewrite', turn, (before) =>
      phase === 'early'
        ? (isAhead && technique.early?.(before, settings)) || before
        : (technique.rewrite?.(before, settings, known) ?? before),
    );
    if (saysAnything(known)) known = technique.restate?.(current, settings, known) ?? known;
    current = next;
  }
  return current;
}

/** What a technique makes of a graph at one of its hooks. */
const step = <A extends Active>(graph: Graph, hook: string, active: A, make: (graph: Graph, active: A) => Graph): Graph =>
  stepOf(
    graph,
    () => `${hook} ${structuralKey(active)}`,
    () => make(graph, active),
  );

/** Findings that nobody asked for stay empty, whatever is cut. */
const saysAnything = ({ activity, gradients, effects }: Findings): boolean =>
  [activity, effects, ...gradients].some((answers) => Object.keys(answers).length > 0);

/** Where nothing changes places, an order must not make anything ready for what would come later. */
function withoutIdleOrder(graph: Graph, plan: Plan): Plan {
  if (knownNormal.has(plan) || !activeIn(plan).some(({ technique }) => technique.order !== undefined)) return plan;
  const meant = canonicalPlan(graph, plan).techniques;
  const kept = Object.entries(plan.techniques).filter(([name]) => meant[name] || !pick('technique', techniques, name).order);
  return { ...plan, techniques: Object.fromEntries(kept) };
}

/** The part of a plan whose techniques add what means nothing before it is trained; and the parameters of `graph`, rewritten. */
export function untrainedOf(graph: Graph, plan: Plan): { readonly plan: Plan; readonly names: readonly string[] } {
  const adding = activeIn(plan).filter(({ technique }) => technique.untrained !== undefined);
  const names = adding.flatMap(({ technique, settings }) => technique.untrained!(graph, settings));
  return { plan: { recipe: {}, techniques: settingsOf(adding) }, names };
}

/** The rewritten network as it is trained, with `statistics` of it as `statisticsNeeded` asks. */
export const simulate = (graph: Graph, plan: Plan, statistics: Statistics): Graph =>
  activeIn(plan).reduce(
    (current, { technique, settings }) => technique.simulate?.(current, settings, statistics) ?? current,
    graph,
  );

/** What the techniques of a plan add to a training. */
export interface TrainingPlan {
  /** Inputs of the training step beside the image, by name. */
  readonly perImage: Readonly<Record<string, PerImage>>;
  /** Trained beside the network, for the objective alone. */
  readonly auxiliary: Readonly<Record<string, Tensor>>;
  /** Makes the loss of the one that is there; absent where no technique changes it. */
  readonly objective?: (terms: LossTerms) => string;
  /** Begins the projection that is applied after every step; absent where no technique has one. */
  readonly during?: (weights: Weights) => Projection;
}

/** `graph` is the rewritten network that is trained, `baseline` the trained dense one. */
export function trainingOf(graph: Graph, baseline: Graph, plan: Plan): TrainingPlan {
  const used = activeIn(plan);
  const perImage: Readonly<Record<string, PerImage>> = Object.assign(
    {},
    ...used.map(({ technique, settings }) => technique.perImage?.(baseline, settings) ?? {}),
  );
  const auxiliary: Readonly<Record<string, Tensor>> = Object.assign(
    {},
    ...used.map(({ technique, settings }) => technique.auxiliary?.(graph, baseline, settings) ?? {}),
  );
  const objectives = used.filter(({ technique }) => technique.objective !== undefined);
  const projections = used.flatMap(({ technique, settings }) => technique.during?.(graph, settings) ?? []);
  return {
    perImage,
    auxiliary,
    ...(objectives.length === 0 ? {} : { objective: (terms) => objectiveOf(graph, objectives, perImage, terms) }),
    ...(projections.length === 0 ? {} : { during: (weights) => inTurn(projections.map((begin) => begin(weights))) }),
  };
}

/** Declares the inputs that are fed per image, then lets every technique change the loss. */
function objectiveOf(graph: Graph, used: readonly Active[], perImage: TrainingPlan['perImage'], terms: LossTerms): string {
  const batch = terms.b.shape(terms.target)[0]!;
  for (const [name, { graph: source, value }] of Object.entries(perImage)) {
    const { dtype, shape } = source.types[value]!;
    terms.b.input(name, { dtype, shape: [batch, ...shape.slice(1)] });
  }
  return used.reduce((loss, { technique, settings }) => technique.objective!(graph, settings, { ...terms, loss }), terms.loss);
}

const inTurn =
  (projections: readonly Projection[]): Projection =>
  (weights, moment) => {
    for (const project of projections) project(weights, moment);
  };

/** The fine-tuned network as it is measured and finished: BatchNormalization folded, every technique's preparations made. */
export const prepared = (graph: Graph, plan: Plan): Graph =>
  activeIn(plan).reduce(
    (current, { technique, settings }) => technique.prepare?.(current, settings) ?? current,
    foldBatchNorm(graph),
  );

/**
 * Values whose statistics `finalize` wants, measured over calibration data, once each. `graph` is the fine-tuned
 * network, with BatchNormalization or folded: the values have the same names and meanings in both.
 */
export function statisticsNeeded(graph: Graph, plan: Plan): readonly Need[] {
  const folded = foldBatchNorm(graph);
  const needs = new Map<string, Need>();
  for (const { technique, settings } of activeIn(plan)) {
    for (const need of technique.needs?.(folded, settings) ?? []) {
      const known = needs.get(need.value);
      const asked = (what: 'histogram' | 'channelMeans') => need[what] || known?.[what] || false;
      needs.set(need.value, { value: need.value, histogram: asked('histogram'), channelMeans: asked('channelMeans') });
    }
  }
  return [...needs.values()];
}

/**
 * What is encoded, measured and shipped, from the fine-tuned network: BatchNormalization folded, every technique of
 * the plan finished, stored and branched, names shortened. Throws NasError COMPRESS_STATISTICS where a needed range is missing.
 */
export function finalize(graph: Graph, plan: Plan, statistics: Statistics): Graph {
  const used = activeIn(plan);
  const finished = used.reduce(
    (current, { technique, settings }) => technique.finalize?.(current, settings, statistics) ?? current,
    prepared(graph, plan),
  );
  const stored = used.reduce((current, { technique, settings }) => technique.store?.(current, settings) ?? current, finished);
  // What branches may hold other branches: the inner ones first, which is the list's order.
  const listed = used.toSorted((a, b) => techniques.indexOf(a.technique) - techniques.indexOf(b.technique));
  const branched = listed.reduce(
    (current, { technique, settings }) => technique.branch?.(current, settings) ?? current,
    writeStored(stored),
  );
  return shortNames(branched);
}

/** What the techniques of a plan have to say about the fine-tuned network, by their names. */
export function reportOf(graph: Graph, plan: Plan): Readonly<Record<string, Json>> {
  const reports = activeIn(plan).flatMap(({ technique, settings }) => {
    const report = technique.report?.(graph, settings);
    return report === undefined ? [] : [[technique.name, report] as const];
  });
  return Object.fromEntries(reports);
}
