import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadSpace, sections } from '../../../src/cli/compose.ts';
import { bundledSpaces } from '../../../src/cli/folders.ts';
import { techniques } from '../../../src/network/compress/index.ts';
import { recipeKnobs } from '../../../src/network/engine/recipe.ts';
import { metricInfos } from '../../../src/network/metrics/index.ts';
import { jsonSchema } from '../../../src/search/space/file/json-schema.ts';
import { listSpaceFiles } from '../../../src/search/space/file/resolve.ts';

const schema = jsonSchema({ sections, techniques, metrics: metricInfos, recipe: recipeKnobs });
const validator = z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema);

describe('bundled spaces', () => {
  it('are a first try, one of every family, and one that hears', () =>
    expect(listSpaceFiles(bundledSpaces)).toEqual([
      'everything.yaml',
      'mobilenet.yaml',
      'quick.yaml',
      'resnet.yaml',
      'speech.yaml',
    ]));

  it.each(listSpaceFiles(bundledSpaces))('%s is right for the parser and for editors', (file) => {
    const space = loadSpace(`${bundledSpaces}/${file}`);
    expect(`${space.name}.yaml`).toBe(file);
    expect(space.space.parameters.length).toBeGreaterThan(5);
    expect(validator.safeParse(parse(readFileSync(`${bundledSpaces}/${file}`, 'utf8'))).error).toBeUndefined();
  });
});
