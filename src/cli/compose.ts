import { readFileSync } from 'node:fs';
import type { Candidate, Plan } from '../core/candidate.ts';
import type { Catalog } from '../core/catalog.ts';
import type { Metrics } from '../core/objective.ts';
import { matchable, techniqueInfos } from '../network/compress/catalog.ts';
import { canonicalPlan, meaningKey, structureKey } from '../network/compress/recipe.ts';
import { remedyNames } from '../network/compress/remedies.ts';
import { dataSpecSchema } from '../network/data/index.ts';
import { baselineRecipeSchema, recipeKnobs, trainRecipeSchema } from '../network/engine/recipe.ts';
import type { Graph } from '../network/ir/graph.ts';
import { withoutValues } from '../network/ir/zeros.ts';
import { metricInfos } from '../network/metrics/index.ts';
import { latencyUseSchema } from '../network/metrics/use.ts';
import { buildModel, type ModelSpec, modelSpecSchema, teacherSchema } from '../network/models/index.ts';
import { controllers } from '../search/controllers/index.ts';
import { schedulers } from '../search/schedulers/index.ts';
import { parseSpace, type SpaceFile } from '../search/space/file/parse.ts';
import { resolveSpaceFile } from '../search/space/file/resolve.ts';
import type { Space } from '../search/space/space.ts';
import { type KeyFunction, keyFunctionOf, rememberLatest, rememberPerCandidate, rememberPerKey } from '../search/study/keys.ts';
import { readGiven } from '../trial/given.ts';
import { createPredictor, createStructures, type DataFacts, type Foreseen } from '../trial/predict.ts';
import { baselineFolder, bundledSpaces } from './folders.ts';
import { settle } from './given-networks.ts';
import { meaningOf } from './meaning.ts';

/** The schemas of the sections that the network tower owns. */
export const sections = {
  model: modelSpecSchema,
  data: dataSpecSchema,
  baseline: baselineRecipeSchema,
  recipe: trainRecipeSchema,
  teacher: teacherSchema,
  latency: latencyUseSchema,
};

/** What `search:` and `firstAid:` may name. */
export const knownNames = {
  controllers: ['auto', ...controllers.map(({ name }) => name)],
  schedulers: schedulers.map(({ name }) => name),
  remedies: remedyNames,
};

/** A space file by name or path, checked against the model that it names. Throws NasError with the file's position. */
export function loadSpace(nameOrPath: string): SpaceFile {
  const file = resolveSpaceFile(nameOrPath, bundledSpaces);
  return checkSpace(readFileSync(file, 'utf8'), file);
}

/** The text of a space file, checked; `file` names it in messages. Throws NasError with the file's position. */
export function checkSpace(text: string, file: string): SpaceFile {
  const catalogOf = (parsed: { readonly model: unknown }) => catalogFor(parsed.model as ModelSpec);
  return parseSpace(text, file, { sections, settle: settle(file), catalogOf, ...knownNames });
}

/** What a space file may say of a model. */
export const catalogFor = (model: ModelSpec): Catalog => {
  const graph = structureOf(model);
  return {
    layers: matchable(graph),
    techniques: techniqueInfos(graph),
    recipe: recipeKnobs,
    metrics: metricInfos,
  };
};

/**
 * The model as far as its layers and channels go, before any data is read: the image's size and the number of classes
 * change neither names nor sites nor what may be pruned together.
 */
export const structureOf = (model: ModelSpec): Graph =>
  buildModel(model, { shape: [1, 32, 32], classes: 10, batch: 1, files: givenFiles });

const givenFiles = (sha256: string) => readGiven(baselineFolder(), sha256);

/** The graph that a candidate will be exported as, see `createStructures`. */
export function structureFunction(model: ModelSpec, space: Space, data: DataFacts): (candidate: Candidate) => Graph | undefined {
  const meaning = meaningOf(space);
  const structureOfPlan = createStructures(model, data, givenFiles);
  return (candidate) => structureOfPlan(meaning.plan(candidate));
}

/** Of a space's candidates. */
export function keyFunction(model: ModelSpec, space: Space): KeyFunction {
  const normal = normalPlans(model, space);
  return keyFunctionOf((candidate) => meaningKey(normal(candidate)));
}

/** The metrics of a candidate that follow from its structure, exactly as its trial will measure them; with `times` its latency too, nearly so. */
export function predictFunction(
  model: ModelSpec,
  space: Space,
  data: DataFacts,
  foreseen: Foreseen = {},
): (candidate: Candidate) => Metrics | undefined {
  const normal = normalPlans(model, space);
  const predict = createPredictor(model, data, givenFiles, foreseen);
  const keyOf = (candidate: Candidate) => structureKey(normal(candidate));
  return rememberPerCandidate(rememberPerKey(keyOf, (candidate) => predict(normal(candidate))));
}

/** What candidates of a space mean, in normal form. */
type NormalPlans = (candidate: Candidate) => Plan;

const normalPlansOf = new WeakMap<Space, { readonly model: ModelSpec; readonly plans: NormalPlans }>();

/** Shared by all that ask for the same space; the latest is kept: a controller wants a candidate's key, then its metrics. */
function normalPlans(model: ModelSpec, space: Space): NormalPlans {
  const known = normalPlansOf.get(space);
  if (known?.model === model) return known.plans;
  const graph = withoutValues(structureOf(model));
  const meaning = meaningOf(space);
  const plans = rememberLatest((candidate: Candidate) => canonicalPlan(graph, meaning.plan(candidate)));
  normalPlansOf.set(space, { model, plans });
  return plans;
}
