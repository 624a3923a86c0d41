import type { Plan, SiteSettings } from '../../core/candidate.ts';
import type { Graph } from '../ir/graph.ts';
import { techniques } from './index.ts';

/** One setting per technique, for every site alike. */
export type UniformSettings = Readonly<Record<string, SiteSettings>>;

export interface Anchor {
  readonly name: string;
  readonly settings: UniformSettings;
}

const int8 = { quantize: { bits: 8 } };

/**
 * Where every search starts, before a controller proposes anything: a dozen uniform plans reach most of the front's
 * hypervolume on their own. `smallest` means the least that a space allows.
 */
export const anchors: readonly Anchor[] = [
  { name: 'int8', settings: int8 },
  { name: 'int8 + keep 75 %', settings: { ...int8, prune: { keep: 0.75 } } },
  { name: 'int8 + keep 50 %', settings: { ...int8, prune: { keep: 0.5 } } },
  { name: 'int8 + keep 25 %', settings: { ...int8, prune: { keep: 0.25 } } },
  { name: 'int8 + 75 % sparse', settings: { ...int8, sparsify: { sparsity: 0.75 } } },
  { name: 'keep 50 %', settings: { prune: { keep: 0.5 } } },
  { name: 'smallest', settings: { ...int8, prune: { keep: 0.0001 } } },
];

/** The plan that gives every site of the named techniques the same settings. */
export function uniformPlan(graph: Graph, settings: UniformSettings): Plan {
  const entries = techniques.flatMap((technique) => {
    const wanted = settings[technique.name];
    if (!wanted) return [];
    return [[technique.name, Object.fromEntries(technique.sites(graph).map((site) => [site.name, wanted]))] as const];
  });
  return { recipe: {}, techniques: Object.fromEntries(entries) };
}
