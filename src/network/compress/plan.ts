import type { Plan, SiteSettings, Value } from '../../core/candidate.ts';
import type { Knob, Site } from '../../core/catalog.ts';
import { didYouMean, NasError } from '../../core/errors.ts';
import type { Graph } from '../ir/graph.ts';
import { techniques } from './index.ts';
import { type BySite, mapSites, type Stage, stages, type Technique } from './technique.ts';

/** A technique that a plan uses somewhere, with complete settings of the sites that are on. */
export interface Active {
  readonly technique: Technique;
  readonly settings: BySite<SiteSettings>;
}

const knownActive = new WeakMap<Plan, readonly Active[]>();

/**
 * The techniques that a plan uses anywhere, in the usual order of their stages. Kept per plan: every step asks.
 * Throws NasError COMPRESS_SETTING.
 */
export function activeIn(plan: Plan): readonly Active[] {
  const active = knownActive.get(plan) ?? findActive(plan);
  knownActive.set(plan, active);
  return active;
}

function findActive(plan: Plan): readonly Active[] {
  const used = techniques.flatMap((technique) => {
    const entries = Object.entries(plan.techniques[technique.name] ?? {}).flatMap(([site, settings]) => {
      const full = complete(technique, site, settings);
      return full ? [[site, full] as const] : [];
    });
    return entries.length === 0 ? [] : [{ technique, settings: Object.fromEntries(entries) }];
  });
  return stages.flatMap((stage) => used.filter(({ technique }) => technique.stage === stage));
}

/**
 * Some of a technique's sites at one moment: what it does before training; what it does early, where an order says so, beside
 * what it does later; what it does while training or after it.
 */
export interface Turn extends Active {
  readonly phase: 'before' | 'early' | 'later';
}

/**
 * The techniques in the order that one of the plan decides, else in the usual one. An order is about what is done before
 * training; what happens later follows, as soon as all is done that usually comes before it.
 */
export function turnsOf(used: readonly Active[]): readonly Turn[] {
  const [decided] = used.flatMap(({ technique, settings }) => (technique.order ? [technique.order(settings)] : []));
  const past = new Set<Stage>();
  const told = new Set<Stage>();
  return (decided ?? stages).flatMap((stage) => {
    past.add(stage);
    const open = stages.find((each) => !past.has(each));
    const ready = stages.filter((each, place) => !told.has(each) && (!open || place < stages.indexOf(open)));
    for (const each of ready) told.add(each);
    const ofStage = (wanted: Stage) => used.filter(({ technique }) => technique.stage === wanted);
    return [...ofStage(stage).flatMap(before), ...ready.flatMap((each) => ofStage(each).flatMap(afterwards))];
  });
}

function before({ technique, settings }: Active): readonly Turn[] {
  if (technique.early) return [{ technique, settings, phase: 'early' }];
  return some({
    technique,
    phase: 'before',
    settings: mapSites(settings, (_, site) => (technique.later?.(site) ? undefined : site)),
  });
}

function afterwards({ technique, settings }: Active): readonly Turn[] {
  return some({
    technique,
    phase: 'later',
    settings: mapSites(settings, (_, site) => (technique.later?.(site) ? site : undefined)),
  });
}

const some = (turn: Turn): readonly Turn[] => (Object.keys(turn.settings).length === 0 ? [] : [turn]);

/**
 * Throws NasError COMPRESS_SITE where a plan names a site that the uncompressed model does not have, by its name or by another
 * of its layers, after which it is called once the first is gone; COMPRESS_SETTING where it sets a knob to what does not fit the site.
 */
export function checkSites(graph: Graph, plan: Plan): void {
  for (const technique of techniques) {
    const sites = sitesOf(graph, technique);
    for (const [name, settings] of Object.entries(plan.techniques[technique.name] ?? {})) {
      const site = sites.get(name) ?? [...sites.values()].find(({ layers }) => layers.includes(name));
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
