import type { z } from 'zod';
import type { Catalog } from '../../../core/catalog.ts';
import { didYouMean } from '../../../core/errors.ts';
import type { Json } from '../../../core/json.ts';
import { levelCount } from '../domain.ts';
import type { Parameter } from '../space.ts';
import { parseSection } from './issues.ts';
import type { Problems } from './problems.ts';
import { isSearched, readSetting } from './setting.ts';
import type { Located } from './source.ts';

/** `trial:` with the first value of every searched setting in its place, and the searched settings. */
export interface TrialSection {
  readonly recipe: Json;
  readonly searched: ReadonlyMap<string, Located>;
}

/**
 * Checks `trial:` against the recipe's schema. A list or range is a searched setting where the recipe itself takes none there;
 * each of its listed values (a range: its ends) must suit the recipe. Undefined where there are problems.
 */
export function readTrial(node: Located, schema: z.ZodObject, problems: Problems): TrialSection | undefined {
  const raw = Object.fromEntries([...(node.entries ?? [])].map(([key, { value }]) => [key, value.value]));
  const refused = new Set(schema.safeParse(raw).error?.issues.map((issue) => issue.path[0]));
  const searched = new Map<string, Located>();
  for (const [key, { value }] of node.entries ?? []) if (refused.has(key) && isSearched(value)) searched.set(key, value);
  const samples = new Map([...searched].map(([key, setting]) => [key, samplesOf(setting)]));
  const first: Record<string, Json> = { ...raw };
  for (const [key, [sample]] of samples) {
    if (sample) first[key] = sample.value;
    else
      problems.add(
        'SPACE_EMPTY_DOMAIN',
        `trial.${key}: nothing to choose from; list values or give min and max`,
        searched.get(key)!,
      );
  }
  if ([...samples.values()].some((list) => list.length === 0)) return undefined;
  const recipe = parseSection(schema, node.entries ? first : node.value, withSamples(node, samples), 'trial', problems);
  if (recipe === undefined) return undefined;
  for (const [key, list] of samples) checkSamples(key, list.slice(1), first, schema, problems);
  return { recipe: recipe as Json, searched };
}

/** The values of a setting that can be checked: those of a list, the ends of a range. */
function samplesOf(setting: Located): readonly Located[] {
  if (setting.items) return setting.items;
  return ['min', 'max'].flatMap((key) => setting.entries?.get(key)?.value ?? []);
}

/** The section as it would be with the first samples in place, so that problems point at them. */
function withSamples(node: Located, samples: ReadonlyMap<string, readonly Located[]>): Located {
  if (!node.entries) return node;
  const entries = [...node.entries].map(
    ([key, entry]) => [key, { ...entry, value: samples.get(key)?.[0] ?? entry.value }] as const,
  );
  return { ...node, entries: new Map(entries) };
}

function checkSamples(
  key: string,
  samples: readonly Located[],
  first: Record<string, Json>,
  schema: z.ZodObject,
  problems: Problems,
): void {
  for (const sample of samples) {
    const fits = schema.safeParse({ ...first, [key]: sample.value }).success;
    const root: Located = { ...sample, entries: new Map([[key, { key: sample, value: sample }]]) };
    if (!fits) parseSection(schema, { ...first, [key]: sample.value }, root, 'trial', problems);
  }
}

/** The searched settings of the recipe as parameters, in the catalog's order. Settings with one value are none. */
export function recipeParameters({ searched }: TrialSection, catalog: Catalog, problems: Problems): Parameter[] {
  const known = Object.keys(catalog.recipe);
  for (const [key, setting] of searched) {
    if (known.includes(key)) continue;
    const can = known.length === 0 ? 'nothing of trial' : known.join(', ');
    problems.add(
      'SPACE_NOT_SEARCHABLE',
      `trial.${key} takes one value; a search can vary ${can}.${didYouMean(key, known)}`,
      setting,
    );
  }
  return Object.entries(catalog.recipe).flatMap(([key, knob]) => {
    const setting = searched.get(key);
    const domain = setting && readSetting(setting, knob, `trial.${key}`, problems);
    if (!domain || levelCount(domain) === 1) return [];
    return [{ name: `trial.${key}`, domain, target: { kind: 'recipe', key } } satisfies Parameter];
  });
}
