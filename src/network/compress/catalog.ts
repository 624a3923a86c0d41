import type { TechniqueInfo } from '../../core/catalog.ts';
import type { Graph } from '../ir/graph.ts';
import { layersOf } from '../ir/layers.ts';
import { techniques } from './index.ts';
import { trains } from './recipe.ts';
import type { Technique } from './technique.ts';

/** What `match` in a space file may name: the layers, and what else a technique can be applied to. */
export function matchable(graph: Graph): readonly string[] {
  const sites = techniques.flatMap((technique) => technique.sites(graph).flatMap(({ layers }) => layers));
  return [...new Set([...layersOf(graph).map(({ name }) => name), ...sites])];
}

/** What a space file may say about compressing this model: every technique, its knobs and its sites. */
export function techniqueInfos(graph: Graph): TechniqueInfo[] {
  return techniques.map((technique) => ({
    name: technique.name,
    summary: technique.summary,
    trains: mayTrain(technique),
    knobs: technique.knobs,
    sites: technique.sites(graph),
  }));
}

/** In some of its settings at least. */
const mayTrain = (technique: Technique): boolean => trains(technique) || technique.simulate !== undefined;

/** Names of the techniques whose candidates have to be trained; of any network. */
export const trainingTechniques = (): string[] => techniques.filter(mayTrain).map(({ name }) => name);
