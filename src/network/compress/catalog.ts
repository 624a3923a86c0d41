import type { TechniqueInfo } from '../../core/catalog.ts';
import type { Graph } from '../ir/graph.ts';
import { techniques } from './index.ts';
import { trains } from './recipe.ts';

/** What a space file may say about compressing this model: every technique, its knobs and its sites. */
export function techniqueInfos(graph: Graph): TechniqueInfo[] {
  return techniques.map((technique) => ({
    name: technique.name,
    summary: technique.summary,
    trains: trains(technique) || technique.simulate !== undefined,
    knobs: technique.knobs,
    sites: technique.sites(graph),
  }));
}
