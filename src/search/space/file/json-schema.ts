import { z } from 'zod';
import type { Knob, MetricInfo, TechniqueInfo } from '../../../core/catalog.ts';
import type { Json } from '../../../core/json.ts';
import { fileSchema, type Sections } from './schema.ts';

export interface SchemaOptions {
  readonly sections: Sections;
  readonly techniques: readonly Pick<TechniqueInfo, 'name' | 'summary' | 'knobs'>[];
  readonly metrics: readonly MetricInfo[];
  /** Knobs of the recipe that a space may search. */
  readonly recipe: Readonly<Record<string, Knob>>;
  readonly controllers?: readonly string[];
  readonly schedulers?: readonly string[];
  readonly remedies?: readonly string[];
}

/** The JSON Schema of space files, for editors. It cannot know the layers: `nas search` checks those. */
export function jsonSchema({ sections, techniques, metrics, recipe, ...names }: SchemaOptions): Json {
  const outline = fileSchema(sections, names);
  const described = (key: 'trial' | 'objectives' | 'constraints' | 'layers', schema: z.ZodType) =>
    schema.describe(outline.shape[key].description ?? '');
  const schema = z.strictObject({
    ...outline.shape,
    trial: described('trial', trialSchema(sections.recipe, recipe).prefault({})),
    objectives: described('objectives', objectivesSchema(metrics)),
    constraints: described('constraints', constraintsSchema(metrics).optional()),
    layers: described('layers', z.array(ruleSchema(techniques)).optional()),
  });
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return JSON.parse(JSON.stringify({ $schema, title: 'Espalier search space', ...rest })) as Json;
}

function trialSchema(recipe: z.ZodObject, knobs: Readonly<Record<string, Knob>>): z.ZodObject {
  const shape: Record<string, z.ZodType> = { ...(recipe.shape as Record<string, z.ZodType>) };
  for (const [key, knob] of Object.entries(knobs)) {
    const own = shape[key] ?? valueSchema(knob);
    const searched = searchedSchemas(knob);
    shape[key] = z
      .union([own, ...searched])
      .optional()
      .describe(own.description ?? knob.summary);
  }
  return z.strictObject(shape);
}

/** Metrics of a class have as many names as there are classes, which a schema cannot know: patterns stand for such. */
function objectivesSchema(metrics: readonly MetricInfo[]): z.ZodType {
  const plain = metrics.filter(({ of }) => !of);
  const directions = ['maximize', 'minimize'];
  const directed = plain.map(({ name, summary }) => [name, z.enum(directions).optional().describe(summary)] as const);
  const patternProperties = Object.fromEntries(
    metrics
      .filter(({ of }) => of)
      .map((metric) => [`^${namePattern([metric])}$`, { enum: directions, description: metric.summary }]),
  );
  const named = z.string().regex(new RegExp(`^(${namePattern(metrics)})$`));
  const list = z.array(z.union([z.enum(plain.map(({ name }) => name)), named])).min(1);
  return z.union([z.strictObject(Object.fromEntries(directed)).meta({ patternProperties }), list]);
}

function constraintsSchema(metrics: readonly MetricInfo[]): z.ZodType {
  return z.array(z.string().regex(new RegExp(`^\\s*(${namePattern(metrics)})\\s*(>=|<=)\\s*[-+.0-9]`)));
}

const namePattern = (metrics: readonly MetricInfo[]): string =>
  metrics.map(({ name, of }) => name.replace(/[^\w]/g, '\\$&') + bracketsOf(of)).join('|');

const bracketsOf = (of: MetricInfo['of']): string =>
  !of ? '' : of.what === 'class' ? '\\(.+\\)' : `\\( *(${of.known.join('|')}) *\\)`;

function ruleSchema(techniques: SchemaOptions['techniques']): z.ZodType {
  const match = z
    .union([z.string(), z.array(z.string()).min(1)])
    .describe('Name of a layer, or a pattern: * for any text, ? for one character, {a,b} for alternatives; or a list of them.');
  const settings = techniques.map(({ name, summary, knobs }) => {
    const entries = Object.entries(knobs).map(
      ([key, knob]) => [key, settingSchema(knob).optional().describe(knob.summary)] as const,
    );
    const off = z.union([z.literal('off'), z.literal(false)]).describe('Leave these layers alone.');
    return [
      name,
      z
        .union([z.strictObject(Object.fromEntries(entries)), off])
        .optional()
        .describe(summary),
    ] as const;
  });
  return z.strictObject({ match, ...Object.fromEntries(settings) });
}

const settingSchema = (knob: Knob): z.ZodType => z.union([valueSchema(knob), ...searchedSchemas(knob)]);

/** The two ways to make a knob part of the search. */
function searchedSchemas(knob: Knob): z.ZodType[] {
  const list = z.array(valueSchema(knob)).min(1).describe('One of these, chosen by the search.');
  if (knob.kind === 'choice') return [list];
  const range = z.strictObject({
    min: valueSchema(knob).describe('The least.'),
    max: valueSchema(knob).describe('The most.'),
    step: z.number().gt(0).optional().describe('Only every step from min on.'),
    log: z.boolean().optional().describe('Spread evenly over orders of magnitude.'),
  });
  return [list, range.describe('A number in a range, chosen by the search.')];
}

function valueSchema(knob: Knob): z.ZodType {
  if (knob.kind === 'number') return (knob.integer ? z.int() : z.number()).min(knob.min).max(knob.max);
  return z.literal([...knob.values]);
}
