import { techniques } from '../../network/compress/index.ts';
import { recipeKnobs } from '../../network/engine/recipe.ts';
import { metricInfos } from '../../network/metrics/index.ts';
import { jsonSchema } from '../../search/space/file/json-schema.ts';
import { knownNames, sections } from '../compose.ts';
import { printJson } from '../output.ts';

/** `nas schema`: what editors complete and check space files with. */
export function schema(): void {
  printJson(jsonSchema({ sections, techniques, metrics: metricInfos, recipe: recipeKnobs, ...knownNames }));
}
