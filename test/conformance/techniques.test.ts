import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/core/candidate.ts';
import { createRng } from '../../src/core/rng.ts';
import { techniques } from '../../src/network/compress/index.ts';
import { canonicalPlan, finalize, planKey, trainingOf } from '../../src/network/compress/recipe.ts';
import { networkSite, stages, type Technique } from '../../src/network/compress/technique.ts';
import { train } from '../../src/network/engine/train.ts';
import { decode } from '../../src/network/ir/bytes/decode.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import { elementCount, type Graph } from '../../src/network/ir/graph.ts';
import { layersOf } from '../../src/network/ir/layers.ts';
import { verify } from '../../src/network/ir/verify.ts';
import { finished, noPlan, relativeError, rewritten, runOnnx } from '../fixtures/compression.ts';
import { images, trainedModel, trainedResnet } from '../fixtures/graphs.ts';
import { interpret } from '../fixtures/interpreter.ts';
import { importedNetwork } from '../fixtures/networks.ts';
import { plans } from '../fixtures/plans.ts';
import { sketches } from '../fixtures/sketches.ts';
import { quiet, recipe } from '../network/engine/helpers.ts';

const resnet = trainedResnet({ blocks: [1, 1], widths: [4, 6] }, [1, 6, 6]);
const families: Record<string, Graph> = {
  'a ResNet': resnet,
  'a MobileNet': trainedModel({ family: 'mobilenet', stem: 4, widths: [4, 6] }, [1, 6, 6]),
  'inverted residuals': trainedModel({ family: 'mobilenet', stem: 4, widths: [4], expansion: 2, activation: 'relu6' }, [1, 6, 6]),
  'a perceptron': trainedModel({ family: 'mlp', widths: [6, 5] }, [1, 6, 6]),
  'a network from a file': importedNetwork('tiny'),
  'a transformer': importedNetwork('transformer-small'),
  'attention with its tokens first': importedNetwork('vision-opset17'),
  'attention in windows': importedNetwork('swin-opset17'),
};
const graphs: Record<string, Graph> = {
  ...families,
  ...Object.fromEntries(Object.entries(sketches).map(([name, { build }]) => [name, build()])),
};

/** One batch of noise in five classes. */
const count = 10;
const noise = createRng('noise');
const dataset = {
  train: {
    images: Uint8Array.from({ length: count * 36 }, () => noise.int(256)),
    labels: Uint8Array.from({ length: count }, (_, i) => i % 5),
    count,
  },
  shape: [1, 6, 6] as const,
  normalization: { mean: [0.5], std: [0.3] },
};
const oneStep = recipe({ batchSize: count, epochs: 1, learningRate: 0.01, warmup: 0 });

const compress = (graph: Graph, plan: Plan): Promise<Graph> => finished(rewritten(graph, plan), plan);
const interfaceOf = ({ inputs, outputs, types }: Graph) => ({ inputs, outputs: outputs.map((name) => [name, types[name]]) });
const compressible = (technique: Technique) => Object.entries(graphs).filter(([, graph]) => technique.sites(graph).length > 0);

describe.each(techniques)('technique $name', (technique) => {
  it('declares itself: a stage, a summary, knobs with domains, one way at least to switch it off', () => {
    expect(stages).toContain(technique.stage);
    expect(technique.summary).toMatch(/\.$/);
    const knobs = Object.values(technique.knobs);
    for (const knob of knobs) {
      if (knob.kind === 'choice') expect(knob.values).toContain(knob.default);
      else expect(knob.default >= knob.min && knob.default <= knob.max).toBe(true);
    }
    expect(knobs.some(({ off }) => off !== undefined)).toBe(true);
  });

  it('names its sites by their first layer, every layer in one of them at most', () => {
    for (const graph of Object.values(graphs)) {
      const sites = technique.sites(graph);
      const layers = sites.flatMap((site) => site.layers);
      expect(sites.map(({ name }) => name)).toEqual(sites.map((site) => site.layers[0]));
      expect(new Set(layers).size).toBe(layers.length);
      expect([...layersOf(graph).map(({ name }) => name), ...networkSite.layers]).toEqual(expect.arrayContaining(layers));
    }
  });

  it('leaves the network bitwise alone where it is off', async () => {
    for (const [, graph] of compressible(technique)) {
      const dense = encode(finalize(graph, noPlan, {}));
      for (const [name, { off }] of Object.entries(technique.knobs)) {
        if (off === undefined) continue;
        const everywhere = Object.fromEntries(technique.sites(graph).map((site) => [site.name, { [name]: off }]));
        const plan: Plan = { recipe: {}, techniques: { [technique.name]: everywhere } };
        expect(encode(await compress(graph, plan))).toEqual(dense);
        expect(planKey(graph, plan)).toBe(planKey(graph, noPlan));
      }
    }
  });

  it('gives valid graphs with the same inputs and outputs, that survive the file', async () => {
    await forSomePlans(technique, async (graph, plan) => {
      const result = await compress(graph, plan);
      verify(result);
      expect(interfaceOf(result)).toEqual(interfaceOf(graph));
      const bytes = encode(result);
      expect(encode(decode(bytes))).toEqual(bytes);
    });
  });

  it('runs on onnxruntime as the graph says', async () => {
    await forSomePlans(technique, async (graph, plan) => {
      const result = await compress(graph, plan);
      const { output } = await runOnnx(result);
      const exact = interpret(result, { x: Float64Array.from(images(result, 'run')) })[result.outputs[0]!]!.data;
      // Integers may be rounded the other way where a sum lies between two of them.
      expect(relativeError(output, exact)).toBeLessThan(0.03);
    });
  });

  it('trains on every model family, and what comes of it is finite', async () => {
    for (const [, graph] of compressible(technique).filter(([name]) => families[name])) {
      const [plan] = fc.sample(plans(technique, graph), { numRuns: 1, seed: 5 });
      const start = rewritten(graph, plan!);
      const { perImage, ...training } = trainingOf(start, graph, plan!);
      const rows = Object.entries(perImage).map(([input, { graph: source, value }]) => {
        const shape = source.types[value]!.shape.slice(1);
        return [input, { shape, data: new Float32Array(dataset.train.count * elementCount(shape)) }] as const;
      });
      const options = { graph: start, dataset, recipe: oneStep, seed: 'a', hooks: quiet, perImage: Object.fromEntries(rows) };
      const { graph: trained, steps } = await train({ ...options, ...training });
      expect(steps).toBe(1);
      const { output } = await runOnnx(await finished(trained, plan!));
      expect(output.every(Number.isFinite)).toBe(true);
    }
  });

  it('gives equal bytes for equal arguments, and leaves its arguments alone', async () => {
    await forSomePlans(technique, async (graph, plan) => {
      const before = structuredClone({ graph, plan });
      const bytes = encode(await compress(graph, plan));
      expect(encode(await compress(structuredClone(graph), structuredClone(plan)))).toEqual(bytes);
      expect({ graph, plan }).toEqual(before);
    });
  });

  it('gives the same network for a plan as for its normal form, which is its own', async () => {
    await forSomePlans(technique, async (graph, plan) => {
      const normal = canonicalPlan(graph, plan);
      expect(canonicalPlan(graph, normal)).toEqual(normal);
      expect(encode(await compress(graph, normal))).toEqual(encode(await compress(graph, plan)));
    });
  });
});

async function forSomePlans(technique: Technique, check: (graph: Graph, plan: Plan) => Promise<void>): Promise<void> {
  const cases = fc
    .constantFrom(...compressible(technique))
    .chain(([name, graph]) => plans(technique, graph).map((plan) => ({ name, plan })));
  await fc.assert(
    fc.asyncProperty(cases, ({ name, plan }) => check(graphs[name]!, plan)),
    { numRuns: 15, seed: 7 },
  );
}
