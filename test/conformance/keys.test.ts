import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/core/candidate.ts';
import { stableStringify } from '../../src/core/json.ts';
import { createRng } from '../../src/core/rng.ts';
import { buildTrainStep } from '../../src/network/autodiff/train-step.ts';
import { techniques } from '../../src/network/compress/index.ts';
import {
  canonicalPlan,
  changesTraining,
  finalize,
  planKey,
  rewrite,
  simulate,
  simulates,
  statisticsNeeded,
  trainingOf,
} from '../../src/network/compress/recipe.ts';
import type { Statistics, Weights } from '../../src/network/compress/technique.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import type { Graph } from '../../src/network/ir/graph.ts';
import { parameterNames, stateNames } from '../../src/network/ir/macs.ts';
import { buildModel, modelSpecSchema, models } from '../../src/network/models/index.ts';
import { sha256 } from '../../src/trial/artefacts.ts';
import { madeUpFindings } from '../fixtures/compression.ts';
import { networkBytes } from '../fixtures/networks.ts';
import { jointPlans, mutations, plans } from '../fixtures/plans.ts';
import { sketches } from '../fixtures/sketches.ts';

/**
 * A candidate's key says what the candidate means: equal keys for the same network trained in the same way, other keys
 * for others. No network is then trained twice, and none is taken for another.
 */

const target = { shape: [1, 8, 8] as const, classes: 3, batch: 2, seed: 'keys', files: () => networkBytes('tiny') };
const specs = [
  { family: 'resnet', blocks: [1, 1], widths: [8, 12] },
  { family: 'mobilenet', stem: 8, widths: [8, 12] },
  { family: 'mobilenet', stem: 6, widths: [6, 8], expansion: 2 },
  { family: 'mlp', widths: [8, 6] },
  { family: 'file', file: 'tiny.onnx', sha256: sha256(networkBytes('tiny')) },
];
const graphs: Record<string, Graph> = {
  ...Object.fromEntries(specs.map((spec) => [JSON.stringify(spec), buildModel(modelSpecSchema.parse(spec), target)])),
  ...Object.fromEntries(Object.entries(sketches).map(([name, { build }]) => [name, build()])),
};

/** The network with other weights: what they are must not matter to a key, and two criteria may agree on some. */
function redrawn(graph: Graph, draw: number): Graph {
  const initializers = { ...graph.initializers };
  const states = new Set(stateNames(graph));
  for (const name of [...parameterNames(graph), ...states]) {
    const rng = createRng('weights', draw, name);
    // Few large ones and many small ones, so that criteria differ in what they take.
    const { shape, data } = initializers[name]!;
    const value = () => (states.has(name) ? 0.5 + rng.uniform() : rng.normal() ** 3);
    // Once with rows that have nothing in common: only there a small share of the energy takes more than one of them.
    const apart = (i: number) =>
      Number(Math.floor(i / (data.length / shape[0]!)) === (i % (data.length / shape[0]!)) % shape[0]!);
    const drawn =
      draw === 0 && shape.length > 1 ? data.map(((_: number, i: number) => apart(i)) as never) : data.map(value as never);
    initializers[name] = { ...initializers[name]!, data: drawn as Float32Array };
  }
  return { ...graph, initializers };
}

/**
 * Everything that comes of a plan but accuracy: the file before training, the training step, what happens after steps. The
 * file is that of the plan as it is; it is trained by its normal form, as trials are.
 */
function meaning(graph: Graph, plan: Plan): string {
  const normal = canonicalPlan(graph, plan);
  const rewritten = rewrite(graph, plan, madeUpFindings(graph, plan));
  const { perImage, objective, during, auxiliary } = trainingOf(rewritten, graph, normal);
  const teachers = Object.entries(perImage).map(([name, { graph: source, value }]) => [name, value, sha256(encode(source))]);
  const step = objective && buildTrainStep(rewritten, { ...plainStep, objective, auxiliary });
  const weights = weightsOf(rewritten);
  const project = during?.(weights);
  const after = [1, 5, 10].map((done) => {
    project?.(weights, { step: done, steps: 10 });
    return sha256(Buffer.concat(Object.values(weights).map((data) => Buffer.from(data.slice().buffer))));
  });
  const recipe = changesTraining(normal) ? plan.recipe : {};
  const made = {
    file: sha256(fileOf(rewritten, plan)),
    trained: simulates(normal) ? printed(trainable(rewritten, normal)) : null,
    recipe,
    teachers,
    step: step ? printed(step.graph) : null,
    after,
  };
  return stableStringify(made as never);
}

const plainStep = {
  optimizer: { name: 'sgd', momentum: 0.9, nesterov: false },
  weightDecay: 0,
  batchNormMomentum: 0.9,
} as const;

const printed = ({ nodes, initializers }: Graph) =>
  sha256(JSON.stringify([nodes, Object.entries(initializers).map(([name, { shape, data }]) => [name, shape, data.join()])]));

const weightsOf = (graph: Graph): Weights =>
  Object.fromEntries(parameterNames(graph).map((name) => [name, (graph.initializers[name]!.data as Float32Array).slice()]));

/** Of values that are mostly small, so that ways to calibrate differ in what they clip. */
function madeUpStatistics(graph: Graph, plan: Plan): Statistics {
  const entries = statisticsNeeded(graph, plan).map(({ value }) => {
    const rng = createRng('range', value);
    const bins = 320;
    const [min, max] = [-0.5 - rng.uniform(), 0.5 + rng.uniform()];
    const histogram = Float64Array.from({ length: bins }, (_, bin) => {
      const x = min + ((bin + 0.5) / bins) * (max - min);
      return Math.round(1e5 * Math.exp(-20 * Math.abs(x)) * rng.uniform()) + 1;
    });
    const channelMeans = Float64Array.from({ length: graph.types[value]!.shape[1]! }, () => rng.normal());
    return [value, { min, max, histogram, channelMeans }] as const;
  });
  return Object.fromEntries(entries);
}

const trainable = (graph: Graph, plan: Plan): Graph =>
  simulates(plan) ? simulate(graph, plan, madeUpStatistics(graph, plan)) : graph;

function fileOf(graph: Graph, plan: Plan): Uint8Array {
  const trained = trainable(graph, plan);
  return encode(finalize(trained, plan, madeUpStatistics(trained, plan)));
}

/** Draws of the weights before two plans are believed to mean the same. */
const draws = 12;

function meanTheSame(graph: Graph, a: Plan, b: Plan): boolean {
  return Array.from({ length: draws }, (_, draw) => redrawn(graph, draw)).every((one) => meaning(one, a) === meaning(one, b));
}

/** Plans and what becomes of them by one change, and the other way round. */
async function forPairs(plansOf: (graph: Graph) => fc.Arbitrary<Plan>, names: readonly string[], numRuns: number): Promise<void> {
  const pairs = fc
    .constantFrom(...names)
    .chain((name) => plansOf(graphs[name]!).chain((a) => mutations(graphs[name]!, a).map((b) => ({ name, a, b }))));
  const seen = { equal: 0, different: 0 };
  fc.assert(
    fc.property(pairs, ({ name, a, b }) => {
      const graph = graphs[name]!;
      const equal = planKey(graph, a) === planKey(graph, b);
      seen[equal ? 'equal' : 'different']++;
      expect(equal).toBe(meanTheSame(graph, a, b));
    }),
    { numRuns, seed: 13 },
  );
  expect(Math.min(seen.equal, seen.different)).toBeGreaterThan(2);
}

describe('keys are equal exactly where networks and trainings are', () => {
  it('knows a network of every family', () => {
    expect(new Set(specs.map(({ family }) => family))).toEqual(new Set(models.map(({ name }) => name)));
  });

  it.each(techniques)(
    '$name',
    async (technique) => {
      const names = Object.keys(graphs).filter((name) => technique.sites(graphs[name]!).length > 0);
      await forPairs((graph) => plans(technique, graph), names, 30);
    },
    120_000,
  );

  it('all techniques together', () => forPairs(jointPlans, Object.keys(graphs), 40), 120_000);
});
