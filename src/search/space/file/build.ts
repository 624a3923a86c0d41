import type { SiteSettings, Value } from '../../../core/candidate.ts';
import type { Catalog, Knob, Site, TechniqueInfo } from '../../../core/catalog.ts';
import { contains, levelAt, levelCount } from '../domain.ts';
import type { Domain, Parameter, Space } from '../space.ts';
import type { LayerRules } from './layers.ts';

/** One technique at one site, as the rules leave it. */
interface SitePart {
  readonly technique: string;
  readonly site: Site;
  readonly parameters: readonly Parameter[];
  readonly fixed: SiteSettings;
}

/** The space that the rules make: the recipe's parameters, then those of the sites in the order of the model's layers. */
export function buildSpace(recipe: readonly Parameter[], rules: LayerRules, catalog: Catalog): Space {
  const parts = catalog.techniques.flatMap((technique) => sitesOf(technique, rules));
  const position = new Map(catalog.layers.map((layer, i) => [layer, i]));
  const first = ({ site }: SitePart) => Math.min(...site.layers.map((layer) => position.get(layer) ?? position.size));
  const sorted = parts.sort((a, b) => first(a) - first(b));
  const techniques: Record<string, Record<string, SiteSettings>> = {};
  for (const { technique, site, fixed } of sorted) techniques[technique] = { ...techniques[technique], [site.name]: fixed };
  return { parameters: [...recipe, ...sorted.flatMap((part) => part.parameters)], fixed: { recipe: {}, techniques } };
}

function sitesOf(technique: TechniqueInfo, rules: LayerRules): SitePart[] {
  const { settings, off } = rules.get(technique.name)!;
  return technique.sites.flatMap((site) => {
    const domains = settings.get(site.name);
    if (!domains || site.layers.some((layer) => off.has(layer))) return [];
    return partOf(technique, site, domains) ?? [];
  });
}

/** Undefined where a fixed knob stands at its off value: the technique then leaves the site alone whatever the others say. */
function partOf(
  { name: technique, knobs }: TechniqueInfo,
  site: Site,
  domains: ReadonlyMap<string, Domain>,
): SitePart | undefined {
  const parameters: Parameter[] = [];
  const fixed: Record<string, Value> = {};
  for (const [name, knob] of Object.entries(knobs)) {
    const domain = domains.get(name);
    const value = fixedValue(domain, knob);
    if (domain && value === undefined) parameters.push(parameterOf(technique, site, name, domain, knob));
    else if (value === knob.off) return undefined;
    else fixed[name] = value!;
  }
  return { technique, site, parameters, fixed };
}

/** The one value of a knob that is not searched: the one that the file gives, else the knob's default. */
function fixedValue(domain: Domain | undefined, knob: Knob): Value | undefined {
  if (!domain) return knob.default;
  return levelCount(domain) === 1 ? levelAt(domain, 0) : undefined;
}

function parameterOf(technique: string, site: Site, knob: string, domain: Domain, { default: preset, off }: Knob): Parameter {
  return {
    name: `${site.name}/${technique}.${knob}`,
    domain,
    target: { kind: 'technique', technique, site: site.name, knob },
    ...(off === undefined ? {} : { off }),
    ...(contains(domain, preset) ? { default: preset } : {}),
  };
}
