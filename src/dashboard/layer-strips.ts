import type { Plan, Value } from '../core/candidate.ts';
import type { Catalog, Knob, TechniqueInfo } from '../core/catalog.ts';

/** One knob of one technique over all layers of the model, in the model's order. */
export interface Strip {
  readonly technique: string;
  readonly knob: string;
  /** One character per layer: `▁`…`█` for the size of the setting or its digit; `·` left alone; a space: not applicable. */
  readonly glyphs: string;
  /** The smallest and the largest setting, as text; empty where every layer is left alone. */
  readonly range: string;
}

/** What a plan does to every layer, knob by knob; knobs without numbers, or at their defaults everywhere, have no strip. */
export function layerStrips(plan: Plan, catalog: Catalog): Strip[] {
  return catalog.techniques.flatMap((technique) => {
    const settings = Object.values(plan.techniques[technique.name] ?? {});
    return Object.entries(technique.knobs)
      .filter(([, knob]) => numbersOf(knob).length > 0)
      .filter(([name, knob]) => 'off' in knob || settings.some((own) => tells(knob, own[name])))
      .map(([name, knob]) => stripOf(plan, catalog.layers, technique, name, knob));
  });
}

/** Worth a word: how strong a technique is, and what is not as usual. */
const tells = (knob: Knob | undefined, value: Value | undefined): boolean =>
  knob === undefined || 'off' in knob || (value !== undefined && value !== knob.default);

function stripOf(plan: Plan, layers: readonly string[], technique: TechniqueInfo, name: string, knob: Knob): Strip {
  const settings = layers.map((layer) => settingOf(plan, technique, layer, name));
  const used = settings.filter((value): value is number => typeof value === 'number' && value !== knob.off);
  const glyphs = settings.map((value) => (value === outOfReach ? ' ' : glyphOf(knob, value))).join('');
  return { technique: technique.name, knob: name, glyphs, range: rangeOf(used) };
}

const outOfReach = Symbol('out of reach');

/** The layer's setting; undefined where it is left alone, `outOfReach` where the technique does not reach it. */
function settingOf(plan: Plan, technique: TechniqueInfo, layer: string, knob: string): Value | undefined | typeof outOfReach {
  const site = technique.sites.find(({ layers }) => layers.includes(layer));
  if (!site) return outOfReach;
  return plan.techniques[technique.name]?.[site.name]?.[knob];
}

const blocks = '▁▂▃▄▅▆▇█';

export function glyphOf(knob: Knob, value: Value | undefined): string {
  if (typeof value !== 'number' || value === knob.off) return '·';
  const numbers = numbersOf(knob).filter((number) => number !== knob.off);
  if (knob.kind === 'choice' && numbers.every((number) => Number.isInteger(number) && number >= 0 && number < 10))
    return `${value}`;
  const [low, high] = [Math.min(0, ...numbersOf(knob)), Math.max(...numbersOf(knob))];
  const level = high > low ? (value - low) / (high - low) : 1;
  return blocks[Math.min(7, Math.max(0, Math.ceil(level * 8) - 1))]!;
}

export const numbersOf = (knob: Knob): number[] =>
  knob.kind === 'number' ? [knob.min, knob.max] : knob.values.filter((value): value is number => typeof value === 'number');

function rangeOf(values: readonly number[]): string {
  if (values.length === 0) return '';
  const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => String(Number(value.toPrecision(3))));
  return low === high ? low! : `${low} … ${high}`;
}

/** The settings of each layer that a plan changes: one text per technique, `keep 0.5, importance l2`, empty where it is left alone. */
export function layerSettings(plan: Plan, catalog: Catalog): { readonly layer: string; readonly texts: readonly string[] }[] {
  const rows = catalog.layers.map((layer) => ({
    layer,
    texts: catalog.techniques.map((technique) => textOf(plan, technique, layer)),
  }));
  return rows.filter(({ texts }) => texts.some((text) => text !== ''));
}

function textOf(plan: Plan, technique: TechniqueInfo, layer: string): string {
  const site = technique.sites.find(({ layers }) => layers.includes(layer));
  const settings = site && plan.techniques[technique.name]?.[site.name];
  const telling = Object.entries(settings ?? {}).filter(([name, value]) => tells(technique.knobs[name], value));
  return describe(Object.fromEntries(telling));
}

/** A record of settings in one line: `keep 0.5, importance l1`. */
export const describe = (settings: Readonly<Record<string, Value>>): string =>
  Object.entries(settings)
    .map(([knob, value]) => `${knob} ${plainValue(value)}`)
    .join(', ');

const plainValue = (value: Value): string => String(typeof value === 'number' ? Number(value.toPrecision(3)) : value);
