import type { Plan, SiteSettings } from '../../core/candidate.ts';
import { techniques } from './index.ts';
import { activeIn } from './plan.ts';
import { trains } from './recipe.ts';
import type { Technique } from './technique.ts';

/** For a network that does not learn whatever its techniques are: the training recipe with a part of its learning rate. */
export const lowerRate = {
  name: 'lower-rate',
  milder: (plan: Plan, { learningRate }: { readonly learningRate: number }): Plan => ({
    ...plan,
    recipe: { ...plan.recipe, learningRate: learningRate / 4 },
  }),
} as const;

/** Every remedy that a technique of the list has, and those for all of them. */
export const remedyNames: readonly string[] = [...new Set(techniques.flatMap(({ remedies }) => remedies ?? [])), lowerRate.name];

export const identityPlan: Plan = { recipe: {}, techniques: {} };

/** A site of a plan whose technique knows a remedy for what it does to the network. */
export interface Suspect {
  readonly technique: Technique;
  readonly site: string;
  readonly settings: SiteSettings;
}

/** Sites that are changed after training, in a way that training did not feel. */
export const suspectsOf = (plan: Plan): readonly Suspect[] =>
  allSuspects(plan).filter(({ technique, settings }) => !trains(technique) && !technique.simulates?.(settings));

/** Sites that are changed before training or while it lasts. */
export const trainedSuspectsOf = (plan: Plan): readonly Suspect[] =>
  allSuspects(plan).filter(({ technique }) => trains(technique));

const allSuspects = (plan: Plan): readonly Suspect[] =>
  activeIn(plan)
    .filter(({ technique }) => technique.remedies !== undefined)
    .flatMap(({ technique, settings }) => Object.entries(settings).map(([site, own]) => ({ technique, site, settings: own })));

/** Other settings for some suspects; undefined: they are left as they are. */
export type Changes = readonly (readonly [Suspect, SiteSettings | undefined])[];

/** The plan with other settings at some sites. */
export function withSettings(plan: Plan, changes: Changes): Plan {
  const changed: Record<string, Record<string, SiteSettings>> = {};
  for (const [name, sites] of Object.entries(plan.techniques)) changed[name] = { ...sites };
  for (const [{ technique, site }, settings] of changes) {
    if (settings) changed[technique.name]![site] = settings;
    else delete changed[technique.name]![site];
  }
  return { ...plan, techniques: changed };
}

/** The settings of those suspects that a remedy changes. */
export const remedied = (suspects: readonly Suspect[], remedy: string): Changes =>
  suspects.flatMap((suspect) => {
    if (!suspect.technique.remedies?.includes(remedy)) return [];
    const milder = suspect.technique.milder?.(suspect.settings, remedy);
    return milder === suspect.settings ? [] : [[suspect, milder] as const];
  });
