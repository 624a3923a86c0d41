import type { Catalog, Knob, Site, TechniqueInfo } from '../../../core/catalog.ts';
import { didYouMean } from '../../../core/errors.ts';
import type { Domain } from '../space.ts';
import { compileGlob } from './glob.ts';
import { unknownKey } from './issues.ts';
import { type Problems, show } from './problems.ts';
import { readSetting } from './setting.ts';
import type { Located } from './source.ts';

/** What the rules say about one technique. */
interface TechniqueRules {
  /** site → knob → what it may be; the last rule that names the knob for one of the site's layers. */
  readonly settings: Map<string, Map<string, Domain>>;
  /** Layers whose last word is `off`. */
  readonly off: Set<string>;
}

/** technique → its rules. */
export type LayerRules = ReadonlyMap<string, TechniqueRules>;

/** Patterns of a rule, and layers that an error lists, at most. */
const mostPatterns = 1000;
const mostListed = 40;

/** Reads `layers:`, rule by rule from top to bottom; later rules override earlier ones per layer, technique and knob. */
export function readLayers(node: Located | undefined, catalog: Catalog, problems: Problems): LayerRules {
  const rules = new Map(
    catalog.techniques.map(({ name }) => [name, { settings: new Map(), off: new Set() } satisfies TechniqueRules]),
  );
  if (!node) return rules;
  if (!node.items)
    problems.add('SPACE_TYPE', `layers: expected a list of rules such as - match: "*", found ${show(node.value)}`, node);
  for (const [i, rule] of (node.items ?? []).entries()) readRule(rule, `layers[${i}]`, catalog, rules, problems);
  return rules;
}

function readRule(rule: Located, path: string, catalog: Catalog, rules: LayerRules, problems: Problems): void {
  const { entries } = rule;
  if (!entries) {
    problems.add('SPACE_TYPE', `${path}: expected a rule with match and techniques, found ${show(rule.value)}`, rule);
    return;
  }
  const match = entries.get('match')?.value;
  if (!match) problems.add('SPACE_MISSING_KEY', `${path}.match is missing: a layer's name or a pattern such as "stage1.*"`, rule);
  const matched = match ? readMatch(match, `${path}.match`, catalog.layers, problems) : new Set<string>();
  const names = catalog.techniques.map(({ name }) => name);
  if (entries.size === 1 && match) problems.add('SPACE_EMPTY_RULE', `${path} sets nothing; add one of ${names.join(', ')}`, rule);
  for (const [key, { key: place, value }] of entries) {
    const technique = catalog.techniques.find(({ name }) => name === key);
    if (technique) applyTechnique({ technique, node: value, path: `${path}.${key}`, matched, rules: rules.get(key)!, problems });
    else if (key !== 'match') problems.add('SPACE_UNKNOWN_KEY', unknownKey(key, path, ['match', ...names]), place);
  }
}

/** Layers that a pattern or one of a list of patterns matches. */
function readMatch(node: Located, path: string, layers: readonly string[], problems: Problems): Set<string> {
  const matched = new Set<string>();
  const patterns = node.items ?? [node];
  if (patterns.length === 0) problems.add('SPACE_EMPTY_DOMAIN', `${path}: the list is empty; name at least one layer`, node);
  if (patterns.length > mostPatterns)
    problems.add('SPACE_VALUE', `${path}: ${patterns.length} patterns; at most ${mostPatterns}`, node);
  for (const pattern of patterns.slice(0, mostPatterns)) {
    for (const layer of matchPattern(pattern, path, layers, problems)) matched.add(layer);
  }
  return matched;
}

function matchPattern(node: Located, path: string, layers: readonly string[], problems: Problems): readonly string[] {
  const { value } = node;
  if (typeof value !== 'string') {
    problems.add('SPACE_TYPE', `${path}: expected a layer's name or a pattern, found ${show(value)}`, node);
    return [];
  }
  const test = compileGlob(value);
  if (!test) {
    problems.add(
      'SPACE_PATTERN',
      `${path}: ${show(value)} has braces that are open, nested, or stand for too much; write {a,b}`,
      node,
    );
    return [];
  }
  const matched = layers.filter(test);
  if (matched.length > 0) return matched;
  const more = layers.length > mostListed ? ` and ${layers.length - mostListed} more` : '';
  const list = `${layers.slice(0, mostListed).join(', ')}${more}`;
  problems.add('SPACE_NO_MATCH', `${path}: no layer matches ${show(value)}.${didYouMean(value, layers)} Layers: ${list}.`, node);
  return [];
}

interface TechniqueSetting {
  readonly technique: TechniqueInfo;
  readonly node: Located;
  readonly path: string;
  readonly matched: ReadonlySet<string>;
  readonly rules: TechniqueRules;
  readonly problems: Problems;
}

/** Writes what one rule says about one technique into the technique's rules. */
function applyTechnique(setting: TechniqueSetting): void {
  const { technique, node, path, matched, rules, problems } = setting;
  if (node.value === 'off' || node.value === false) {
    for (const layer of matched) rules.off.add(layer);
    return;
  }
  const domains = readKnobs(setting);
  if (!domains) return;
  for (const layer of matched) rules.off.delete(layer);
  const sites = technique.sites.filter((site) => site.layers.some((layer) => matched.has(layer)));
  if (sites.length === 0 && matched.size > 0) {
    const places = technique.sites.map((site) => site.name).slice(0, mostListed);
    const message =
      places.length === 0
        ? `${path}: ${technique.name} cannot be applied to any layer of this network`
        : `${path}: ${technique.name} cannot be applied to any layer that this rule matches; it can to ${places.join(', ')}`;
    problems.add('SPACE_NO_SITE', message, node);
  }
  for (const [knob, domain] of domains) checkFits(setting, sites, knob, domain);
  for (const { name } of sites) rules.settings.set(name, new Map([...(rules.settings.get(name) ?? []), ...domains]));
}

/** Whether the values of a knob fit every site of the rule. */
function checkFits({ node, path, problems }: TechniqueSetting, sites: readonly Site[], knob: string, domain: Domain): void {
  const values = domain.kind === 'choice' ? domain.values : [domain.min, domain.max];
  for (const { name, allowed } of sites) {
    const fitting = allowed?.[knob];
    const misfit = fitting && values.find((value) => !fitting.includes(value));
    if (misfit === undefined) continue;
    const message = `${path}.${knob}: ${show(misfit)} does not fit the layer "${name}", which takes ${fitting!.map(show).join(', ')}; match the layers that it fits`;
    problems.add('SPACE_VALUE', message, node.entries!.get(knob)!.value);
    return;
  }
}

/** The knobs that a rule sets; undefined where it sets none or not as it should. */
function readKnobs({ technique, node, path, problems }: TechniqueSetting): ReadonlyMap<string, Domain> | undefined {
  const { entries } = node;
  const names = Object.keys(technique.knobs);
  if (!entries || entries.size === 0) {
    const example = `{ ${names[0] ?? 'knob'}: … }`;
    problems.add(
      'SPACE_TYPE',
      `${path}: expected knobs such as ${example}, or off, found ${show(node.value)}. Knobs: ${names.join(', ')}.`,
      node,
    );
    return undefined;
  }
  const domains = new Map<string, Domain>();
  for (const [key, { key: place, value }] of entries) {
    const knob = ownKnob(technique, key);
    if (!knob) problems.add('SPACE_UNKNOWN_KEY', unknownKey(key, path, names), place);
    const domain = knob && readSetting(value, knob, `${path}.${key}`, problems);
    if (domain) domains.set(key, domain);
  }
  return domains;
}

const ownKnob = ({ knobs }: TechniqueInfo, key: string): Knob | undefined => (Object.hasOwn(knobs, key) ? knobs[key] : undefined);
