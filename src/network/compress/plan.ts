import type { Plan, SiteSettings, Value } from '../../core/candidate.ts';
import type { Knob, Site } from '../../core/catalog.ts';
import { didYouMean, NasError } from '../../core/errors.ts';
import type { Graph } from '../ir/graph.ts';
import { techniques } from './index.ts';
import { type BySite, type Stage, stages, type Technique } from './technique.ts';

/** A technique that a plan uses somewhere, with complete settings of the sites that are on. */
export interface Active {
  readonly technique: Technique;
  readonly settings: BySite<SiteSettings>;
}

/** The techniques that a plan uses anywhere, in the order in which they have their turns. Throws NasError COMPRESS_SETTING. */
export function activeIn(plan: Plan): readonly Active[] {
  const used = techniques.flatMap((technique) => {
    const entries = Object.entries(plan.techniques[technique.name] ?? {}).flatMap(([site, settings]) => {
      const full = complete(technique, site, settings);
      return full ? [[site, full] as const] : [];
    });
    return entries.length === 0 ? [] : [{ technique, settings: Object.fromEntries(entries) }];
  });
  const order = stageOrder(used);
  return order.flatMap((stage) => used.filter(({ technique }) => technique.stage === stage));
}

/** The order that a technique of the plan decides, else the usual one. */
function stageOrder(used: readonly Active[]): readonly Stage[] {
  const [decided] = used.flatMap(({ technique, settings }) => (technique.order ? [technique.order(settings)] : []));
  return decided ?? stages;
}

/**
 * Throws NasError COMPRESS_SITE where a plan names a site that the uncompressed model does not have, COMPRESS_SETTING
 * where it sets a knob to what does not fit the site.
 */
export function checkSites(graph: Graph, plan: Plan): void {
  for (const technique of techniques) {
    const sites = sitesOf(graph, technique);
    for (const [name, settings] of Object.entries(plan.techniques[technique.name] ?? {})) {
      const site = sites.get(name);
      if (!site) throw unknownSite(technique, name, [...sites.keys()]);
      checkAllowed(technique, site, complete(technique, name, settings) ?? {});
    }
  }
}

function checkAllowed(technique: Technique, { name: site, allowed = {} }: Site, settings: SiteSettings): void {
  for (const [name, values] of Object.entries(allowed)) {
    const value = settings[name];
    if (value === undefined || values.includes(value)) continue;
    const fitting = values.map((each) => JSON.stringify(each)).join(' or ');
    throw badSetting(technique, site, `${name} ${JSON.stringify(value)} does not fit this layer: take ${fitting}.`);
  }
}

const knownSites = new WeakMap<Graph, Map<Technique, ReadonlyMap<string, Site>>>();

/** Sites by name. Kept per graph: a search asks for the key of every candidate. */
export function sitesOf(graph: Graph, technique: Technique): ReadonlyMap<string, Site> {
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
