import type { Plan, SiteSettings } from '../../core/candidate.ts';
import { techniques } from './index.ts';
import { activeIn } from './plan.ts';
import type { Technique } from './technique.ts';

/** Every remedy that a technique of the list has. */
export const remedyNames: readonly string[] = [...new Set(techniques.flatMap(({ remedies }) => remedies ?? []))];

/** A site of a plan whose technique changes the trained network in a way that training did not feel, and knows a remedy. */
export interface Suspect {
  readonly technique: Technique;
  readonly site: string;
  readonly settings: SiteSettings;
}

export const suspectsOf = (plan: Plan): readonly Suspect[] =>
  activeIn(plan)
    .filter(({ technique }) => technique.remedies !== undefined)
    .flatMap(({ technique, settings }) =>
      Object.entries(settings).flatMap(([site, own]) => (technique.simulates?.(own) ? [] : [{ technique, site, settings: own }])),
    );

/** The plan with other settings at some sites; undefined: they are left as they are. */
export function withSettings(plan: Plan, changes: readonly (readonly [Suspect, SiteSettings | undefined])[]): Plan {
  const changed: Record<string, Record<string, SiteSettings>> = {};
  for (const [name, sites] of Object.entries(plan.techniques)) changed[name] = { ...sites };
  for (const [{ technique, site }, settings] of changes) {
    if (settings) changed[technique.name]![site] = settings;
    else delete changed[technique.name]![site];
  }
  return { ...plan, techniques: changed };
}

/** The settings of those suspects that a remedy changes. */
export const treated = (
  suspects: readonly Suspect[],
  remedy: string,
): readonly (readonly [Suspect, SiteSettings | undefined])[] =>
  suspects.flatMap((suspect) => {
    if (!suspect.technique.remedies?.includes(remedy)) return [];
    const milder = suspect.technique.milder?.(suspect.settings, remedy);
    return milder === suspect.settings ? [] : [[suspect, milder] as const];
  });
