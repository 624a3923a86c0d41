import { structureOf } from '../../src/cli/compose.ts';
import type { Plan, SiteSettings } from '../../src/core/candidate.ts';
import type { Site } from '../../src/core/catalog.ts';
import { pick } from '../../src/core/errors.ts';
import { type Json, stableStringify } from '../../src/core/json.ts';
import { techniques } from '../../src/network/compress/index.ts';
import { withoutValues } from '../../src/network/ir/zeros.ts';
import { modelSpecSchema } from '../../src/network/models/index.ts';
import { compileGlob } from '../../src/search/space/file/glob.ts';
import { sha256 } from '../../src/trial/artefacts.ts';
import { type NetworkName, networkNames, networks } from './networks.ts';
import type { Row, Rule } from './row.ts';

/** One trial of a row: what to run, and what its result is found by. */
export interface Job {
  /** The row's name, or its control's. */
  readonly row: string;
  readonly network: NetworkName;
  readonly seed: number;
  readonly fresh: boolean;
  readonly plan: Plan;
  /** Changes with anything that its result follows from, but for the code. */
  readonly key: string;
}

export const controlOf = (row: string): string => `${row}/control`;

/** A row's own trial and, where it has one, its control's. */
export function jobsOf(row: Row, seed: number): readonly Job[] {
  const { name, network, fresh = false } = row;
  const own = withKey({ row: name, network, seed, fresh, plan: planOf(row) });
  if (!row.control) return [own];
  const control = withKey({ row: controlOf(name), network, seed, fresh: true, plan: controlPlan(row) });
  return [own, control];
}

function withKey(job: Omit<Job, 'key'>): Job {
  const { network, seed, fresh, plan } = job;
  const { what: _, ...sections } = networks[network];
  const made = { ...sections, plan, seed, fresh };
  return { ...job, key: sha256(stableStringify(made as unknown as Json)).slice(0, 16) };
}

/** The shapes of the networks, built once each. */
export const structures = new Map(
  networkNames.map((name) => [name, withoutValues(structureOf(modelSpecSchema.parse(networks[name].model)))]),
);

/** The row's settings at every site that they fit. */
function planOf({ name, network, techniques: said, recipe = {} }: Row): Plan {
  const graph = structures.get(network)!;
  const entries = Object.entries(said).map(([technique, settings]) => {
    const rules: readonly Rule[] = isRules(settings) ? settings : [{ settings }];
    const sites = pick('technique', techniques, technique).sites(graph);
    const chosen = sites.flatMap((site) => {
      const rule = rules.findLast(({ at = '*' }) => compileGlob(at)!(site.name));
      return rule && isAllowed(site, rule.settings) ? [[site.name, rule.settings] as const] : [];
    });
    if (chosen.length === 0)
      throw new Error(`${name}: ${technique} has no site that it says; known: ${sites.map((site) => site.name).join(', ')}`);
    return [technique, Object.fromEntries(chosen)] as const;
  });
  return { recipe, techniques: Object.fromEntries(entries) };
}

const isRules = (settings: Row['techniques'][string]): settings is readonly Rule[] => Array.isArray(settings);

const isAllowed = ({ allowed = {} }: Site, settings: SiteSettings): boolean =>
  Object.entries(allowed).every(([knob, values]) => settings[knob] === undefined || values.includes(settings[knob]));

/** The same shape, without a teacher, with the epochs of the baseline and of the row, at the baseline's learning rate. */
function controlPlan(row: Row): Plan {
  const { baseline, trial } = networks[row.network];
  const shaping = Object.fromEntries(
    Object.entries(row.techniques).filter(([name]) => pick('technique', techniques, name).stage !== 'train'),
  );
  const epochs = baseline.epochs + Number(row.recipe?.['epochs'] ?? trial.epochs);
  return planOf({ ...row, techniques: shaping, recipe: { epochs, learningRate: baseline.learningRate } });
}
