import type { Plan, SiteSettings, Value } from '../../core/candidate.ts';
import type { Knob, Site } from '../../core/catalog.ts';
import { didYouMean, NasError, pick } from '../../core/errors.ts';
import { stableStringify } from '../../core/json.ts';
import type { Graph } from '../ir/graph.ts';
import { foldBatchNorm } from '../ir/passes/fold-batchnorm.ts';
import { shortNames } from '../ir/passes/short-names.ts';
import { techniques } from './index.ts';
import { type BySite, type Statistics, stages, type Technique } from './technique.ts';

/** Techniques in the order in which a plan applies them. */
const ordered: readonly Technique[] = stages.flatMap((stage) => techniques.filter((technique) => technique.stage === stage));

/**
 * The plan in normal form: every knob has a value, sites that are left as they are are gone, and plans that give the
 * same network from the same weights are equal, whatever they were written like. The training recipe counts only where
 * something is trained. `graph` is the uncompressed model.
 * Idempotent. Throws NasError UNKNOWN_TECHNIQUE, COMPRESS_SITE, COMPRESS_SETTING.
 */
export function canonicalPlan(graph: Graph, plan: Plan): Plan {
  for (const name of Object.keys(plan.techniques)) pick('technique', techniques, name);
  const entries = ordered.map((technique) => [technique.name, canonicalSites(graph, technique, plan)] as const);
  const used = Object.fromEntries(entries.filter(([, sites]) => Object.keys(sites).length > 0));
  const normal = { recipe: plan.recipe, techniques: used };
  return changesTraining(normal) ? normal : { ...normal, recipe: {} };
}

/** Equal for plans that mean the same: the same network, trained by the same recipe. */
export function planKey(graph: Graph, plan: Plan): string {
  const { recipe, techniques } = canonicalPlan(graph, plan);
  return stableStringify({ recipe, techniques });
}

/** Equal for plans that give the same network, however it is trained. */
export const structureKey = (graph: Graph, plan: Plan): string => stableStringify({ ...canonicalPlan(graph, plan).techniques });

/** Whether a plan leaves the network itself as it is, whatever it says about training. */
export const isIdentity = (plan: Plan): boolean => active(plan).length === 0;

/** Whether a plan changes the network before training, so that it has to be trained again. */
export const changesTraining = (plan: Plan): boolean => active(plan).some(({ technique }) => technique.rewrite !== undefined);

/** Whether what a plan ends in is known, but for its numbers, before anything is trained. */
export const structureIsKnown = (plan: Plan): boolean =>
  active(plan).every(({ technique, settings }) => !Object.values(settings).some((site) => technique.dependsOnValues?.(site)));

/** The network before fine-tuning: `graph`, the trained dense network, rewritten by every technique of the plan. */
export function rewrite(graph: Graph, plan: Plan): Graph {
  return active(plan).reduce((current, { technique, settings }) => technique.rewrite?.(current, settings) ?? current, graph);
}

/**
 * Values whose ranges `finalize` wants, measured over calibration data. `graph` is the fine-tuned network, with
 * BatchNormalization or folded: the values have the same names and meanings in both.
 */
export function statisticsNeeded(graph: Graph, plan: Plan): readonly string[] {
  const folded = foldBatchNorm(graph);
  return [...new Set(active(plan).flatMap(({ technique, settings }) => technique.needs?.(folded, settings) ?? []))];
}

/**
 * What is encoded, measured and shipped, from the fine-tuned network: BatchNormalization folded, every technique of
 * the plan finished, names shortened. Throws NasError COMPRESS_STATISTICS where a needed range is missing.
 */
export function finalize(graph: Graph, plan: Plan, statistics: Statistics): Graph {
  const finished = active(plan).reduce(
    (current, { technique, settings }) => technique.finalize?.(current, settings, statistics) ?? current,
    foldBatchNorm(graph),
  );
  return shortNames(finished);
}

interface Active {
  readonly technique: Technique;
  readonly settings: BySite<SiteSettings>;
}

/** The techniques that a plan uses anywhere, in order, with complete settings of the sites that are on. */
function active(plan: Plan): Active[] {
  return ordered.flatMap((technique) => {
    const entries = Object.entries(plan.techniques[technique.name] ?? {}).flatMap(([site, settings]) => {
      const full = complete(technique, site, settings);
      return full ? [[site, full] as const] : [];
    });
    return entries.length === 0 ? [] : [{ technique, settings: Object.fromEntries(entries) }];
  });
}

function canonicalSites(graph: Graph, technique: Technique, plan: Plan): Record<string, SiteSettings> {
  const wanted = plan.techniques[technique.name] ?? {};
  const sites = sitesOf(graph, technique);
  const unknown = Object.keys(wanted).find((name) => !sites.has(name));
  if (unknown !== undefined) throw unknownSite(technique, unknown, [...sites.keys()]);
  const result: Record<string, SiteSettings> = {};
  for (const [name, site] of sites) {
    const full = wanted[name] && complete(technique, name, wanted[name]);
    const normal = full && technique.canonical ? technique.canonical(graph, site, full) : full;
    if (normal) result[name] = normal;
  }
  return result;
}

const knownSites = new WeakMap<Graph, Map<Technique, ReadonlyMap<string, Site>>>();

/** Sites by name. Kept per graph: a search asks for the key of every candidate. */
function sitesOf(graph: Graph, technique: Technique): ReadonlyMap<string, Site> {
  const byTechnique = knownSites.get(graph) ?? new Map<Technique, ReadonlyMap<string, Site>>();
  knownSites.set(graph, byTechnique);
  const sites = byTechnique.get(technique) ?? new Map(technique.sites(graph).map((site) => [site.name, site]));
  byTechnique.set(technique, sites);
  return sites;
}

/** All knobs in the order of their declaration; undefined where one stands at its off value. */
function complete(technique: Technique, site: string, settings: SiteSettings): SiteSettings | undefined {
  const unknown = Object.keys(settings).find((name) => !Object.hasOwn(technique.knobs, name));
  if (unknown !== undefined) {
    const known = Object.keys(technique.knobs);
    throw badSetting(technique, site, `no knob "${unknown}".${didYouMean(unknown, known)} Known: ${known.join(', ')}.`);
  }
  const full: Record<string, Value> = {};
  for (const [name, knob] of Object.entries(technique.knobs)) {
    const value = settings[name] ?? knob.default;
    if (!accepts(knob, value))
      throw badSetting(technique, site, `${name} cannot be ${JSON.stringify(value)}: give ${described(knob)}.`);
    full[name] = value;
  }
  const off = Object.entries(technique.knobs).some(([name, knob]) => knob.off !== undefined && full[name] === knob.off);
  return off ? undefined : full;
}

function accepts(knob: Knob, value: Value): boolean {
  if (knob.kind === 'choice') return knob.values.includes(value);
  return typeof value === 'number' && value >= knob.min && value <= knob.max && (!knob.integer || Number.isInteger(value));
}

const described = (knob: Knob) =>
  knob.kind === 'choice'
    ? `one of ${knob.values.join(', ')}`
    : `a ${knob.integer ? 'whole ' : ''}number from ${knob.min} to ${knob.max}`;

const badSetting = (technique: Technique, site: string, problem: string) =>
  new NasError('COMPRESS_SETTING', `${technique.name} at "${site}": ${problem}`, { facts: { technique: technique.name, site } });

const unknownSite = (technique: Technique, site: string, known: readonly string[]) =>
  new NasError(
    'COMPRESS_SITE',
    `${technique.name} has no site "${site}" in this model.${didYouMean(site, known)} Known: ${known.join(', ')}.`,
    { facts: { technique: technique.name, site, known: [...known] } },
  );
