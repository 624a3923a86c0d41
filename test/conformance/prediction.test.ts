import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/core/candidate.ts';
import { techniques } from '../../src/network/compress/index.ts';
import { structureIsKnown } from '../../src/network/compress/recipe.ts';
import { finalStructure } from '../../src/network/compress/structure.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import { encodedLength } from '../../src/network/ir/bytes/length.ts';
import type { Graph } from '../../src/network/ir/graph.ts';
import { withoutValues } from '../../src/network/ir/zeros.ts';
import { measureMetrics, metricInfos, predictMetrics } from '../../src/network/metrics/index.ts';
import { finished, rewritten } from '../fixtures/compression.ts';
import { trainedResnet } from '../fixtures/graphs.ts';
import { importedNetwork } from '../fixtures/networks.ts';
import { jointPlans, plans } from '../fixtures/plans.ts';
import { sketches } from '../fixtures/sketches.ts';

/** What is said of a network before it is trained must be what is measured afterwards, whatever was done to it. */

const graphs: Record<string, Graph> = {
  'a ResNet': trainedResnet({ blocks: [1, 1], widths: [4, 6] }, [1, 6, 6]),
  'a network from a file': importedNetwork('tiny'),
  'a transformer': importedNetwork('transformer-small'),
  'attention with its tokens first': importedNetwork('vision-opset17'),
  'attention in windows': importedNetwork('swin-opset17'),
  ...Object.fromEntries(Object.entries(sketches).map(([name, { build }]) => [name, build()])),
};
const outlines = Object.fromEntries(Object.entries(graphs).map(([name, graph]) => [name, withoutValues(graph)]));
const options = { opset: 17, symbolicBatch: 'N', producer: 'espalier', metadata: { classes: '["ä","b"]' } };

/** Of every operator the nodes, also of those that only some files have. */
const asked = metricInfos.flatMap(({ name, of }) => (of?.what === 'op' ? of.known.map((op) => `${name}(${op})`) : []));

/** Metrics from structure, and the same metrics of the file that is made for real. */
async function both(name: string, plan: Plan) {
  const structure = finalStructure(outlines[name]!, plan);
  if (!structure) return undefined;
  const predicted = predictMetrics({ graph: structure, byteCount: encodedLength(structure, options) }, asked);
  const graph = await finished(rewritten(graphs[name]!, plan), plan);
  const never = () => Promise.reject(new Error('not needed'));
  const context = { graph, bytes: encode(graph, options), evaluation: never, ways: never, latency: never };
  return { predicted, measured: await measureMetrics(Object.keys(predicted), context) };
}

async function forPlans(plansOf: (graph: Graph) => fc.Arbitrary<Plan>, names: readonly string[], numRuns: number): Promise<void> {
  const cases = fc.constantFrom(...names).chain((name) => plansOf(graphs[name]!).map((plan) => ({ name, plan })));
  const check = fc.asyncProperty(cases, async ({ name, plan }) => {
    const found = await both(name, plan);
    expect(found !== undefined).toBe(structureIsKnown(plan));
    if (found) expect(found.predicted).toEqual(found.measured);
  });
  await fc.assert(check, { numRuns, seed: 11 });
}

describe('metrics known before training', () => {
  it.each(techniques)('are those of the finished network: $name', async (technique) => {
    const names = Object.keys(graphs).filter((name) => technique.sites(graphs[name]!).length > 0);
    await forPlans((graph) => plans(technique, graph), names, 25);
  });

  it('are those of the finished network: all techniques together', () => forPlans(jointPlans, Object.keys(graphs), 60));

  it('are size, macs and params', () => {
    expect(Object.keys(predictMetrics({ graph: graphs['a ResNet']!, byteCount: 1 })).sort()).toEqual(['macs', 'params', 'size']);
  });
});
