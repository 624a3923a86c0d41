import type { Candidate, Plan, Value } from '../../core/candidate.ts';
import { contains, isOrdered, snap } from './domain.ts';
import type { Domain, Parameter, Space } from './space.ts';

type Sites = Record<string, Record<string, Record<string, Value>>>;

/** What a candidate means: the fixed settings and its own, without the sites where a parameter stands at its off value. */
export function planOf(space: Space, candidate: Candidate): Plan {
  const recipe: Record<string, Value> = { ...space.fixed.recipe };
  const techniques = copyOf(space.fixed.techniques);
  const left: { technique: string; site: string }[] = [];
  for (const { name, target, off } of space.parameters) {
    const value = candidate[name]!;
    if (target.kind === 'recipe') {
      recipe[target.key] = value;
      continue;
    }
    const sites = techniques[target.technique] ?? {};
    const site = sites[target.site] ?? {};
    site[target.knob] = value;
    sites[target.site] = site;
    techniques[target.technique] = sites;
    if (off !== undefined && value === off) left.push(target);
  }
  for (const { technique, site } of left) delete techniques[technique]![site];
  return { recipe, techniques: withoutEmpty(techniques) };
}

/** A copy down to the settings, which `planOf` then fills in place: a search asks for the plan of every candidate. */
function copyOf(techniques: Plan['techniques']): Sites {
  const copy: Sites = {};
  for (const [technique, sites] of Object.entries(techniques)) {
    const own: Record<string, Record<string, Value>> = {};
    for (const [site, settings] of Object.entries(sites)) own[site] = { ...settings };
    copy[technique] = own;
  }
  return copy;
}

function withoutEmpty(techniques: Sites): Sites {
  return Object.fromEntries(Object.entries(techniques).filter(([, sites]) => Object.keys(sites).length > 0));
}

/**
 * The candidate whose meaning comes nearest to a plan, parameter by parameter: the plan's setting; the knob's off value
 * where the plan leaves the site alone; the parameter's default (else its first value) where neither says anything.
 */
export function nearest(space: Space, plan: Plan): Candidate {
  const candidate: Record<string, Value> = {};
  for (const parameter of space.parameters) candidate[parameter.name] = nearestValue(parameter, wished(parameter, plan));
  return candidate;
}

function wished({ target, off }: Parameter, plan: Plan): Value | undefined {
  if (target.kind === 'recipe') return plan.recipe[target.key];
  const site = plan.techniques[target.technique]?.[target.site];
  return site ? site[target.knob] : off;
}

function nearestValue({ domain, default: preset }: Parameter, wish: Value | undefined): Value {
  if (wish !== undefined && contains(domain, wish)) return wish;
  if (typeof wish === 'number' && isOrdered(domain)) return nearestNumber(domain, wish);
  return preset ?? (domain.kind === 'choice' ? domain.values[0]! : domain.min);
}

/** The number of an ordered domain nearest to another; of two the smaller. */
function nearestNumber(domain: Domain, wish: number): Value {
  if (domain.kind === 'range') return snap(domain, wish);
  const distance = (value: Value) => Math.abs(Number(value) - wish);
  return domain.values.reduce((best, value) => (distance(value) < distance(best) ? value : best));
}
