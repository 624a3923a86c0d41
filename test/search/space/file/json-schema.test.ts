import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { Json } from '../../../../src/core/json.ts';
import { jsonSchema } from '../../../../src/search/space/file/json-schema.ts';
import { catalog, sections, spaceText } from '../fixture.ts';

const { techniques, metrics, recipe } = catalog;
const schema = jsonSchema({ sections, techniques, metrics, recipe, controllers: ['random', 'evolution'] });
const validator = z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema);
const accepts = (text: string) => validator.safeParse(parseYaml(text)).success;

interface SchemaNode {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

/** Paths of all properties that have no description. */
function undescribed(node: SchemaNode, path = ''): string[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([key, child]) => [
    ...(child.description ? [] : [`${path}.${key}`]),
    ...undescribed(child, `${path}.${key}`),
  ]);
  const branches = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.items ? [node.items] : [])];
  return [...own, ...branches.flatMap((branch) => undescribed(branch, path))];
}

describe('jsonSchema', () => {
  it('is plain JSON with a title, and describes every key', () => {
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema satisfies Json);
    expect(schema).toMatchObject({ title: 'Espalier search space', type: 'object', additionalProperties: false });
    expect(undescribed(schema as SchemaNode)).toEqual([]);
  });

  it('asks for model, data and objectives alone', () => {
    expect((schema as { required: string[] }).required.sort()).toEqual(['data', 'model', 'objectives']);
  });

  it.each([
    spaceText(),
    spaceText({
      objectives: 'objectives: [size]',
      trial: 'trial: { learningRate: { min: 0.001, max: 0.1, log: true }, epochs: [1, 2] }',
    }),
    spaceText({
      layers: 'layers:\n  - { match: [stem, "s*"], prune: { keep: { min: 0, max: 1 }, importance: [l1] }, quantize: off }',
    }),
    spaceText({ search: 'search: { seed: 3, controller: random, time: 1 h }', constraints: 'constraints: [size <= 2 kB]' }),
    spaceText({
      objectives: 'objectives: { size: minimize, recall(big cat): maximize }',
      constraints: 'constraints: [recall(a) >= 2 %, nodes(If) <= 0]',
    }),
    spaceText({ objectives: 'objectives: [size, recall(big cat)]' }),
  ])('accepts what the parser accepts (%#)', (text) => expect(accepts(text)).toBe(true));

  it.each([
    spaceText({ model: '' }),
    spaceText({ model: 'model: { family: resnot }' }),
    spaceText({ trial: 'trial: { epoch: 1 }' }),
    spaceText({ trial: 'trial: { learningRate: [] }' }),
    spaceText({ objectives: 'objectives: { acuracy: maximize }' }),
    spaceText({ objectives: 'objectives: []' }),
    spaceText({ constraints: 'constraints: [sise <= 2 kB]' }),
    spaceText({ constraints: 'constraints: [recall <= 2 %]' }),
    spaceText({ constraints: 'constraints: [nodes(if) <= 2]' }),
    spaceText({ objectives: 'objectives: { recall(): maximize }' }),
    spaceText({ layers: 'layers:\n  - prune: off' }),
    spaceText({ layers: 'layers:\n  - { match: "*", prun: off }' }),
    spaceText({ layers: 'layers:\n  - { match: "*", prune: { keep: 1.5 } }' }),
    spaceText({ layers: 'layers:\n  - { match: "*", quantize: { bits: [7] } }' }),
    spaceText({ search: 'search: { controller: evolutoin }' }),
  ])('refuses what the parser refuses (%#)', (text) => expect(accepts(text)).toBe(false));
});
