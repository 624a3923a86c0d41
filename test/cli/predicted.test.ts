import { expect, it } from 'vitest';
import { loadSpace, structureOf } from '../../src/cli/compose.ts';
import { bundledSpaces } from '../../src/cli/folders.ts';
import { meaningOf } from '../../src/cli/meaning.ts';
import type { Candidate } from '../../src/core/candidate.ts';
import { createRng } from '../../src/core/rng.ts';
import { canonicalPlan, structureKey } from '../../src/network/compress/recipe.ts';
import { finalStructure } from '../../src/network/compress/structure.ts';
import { encodedLength } from '../../src/network/ir/bytes/length.ts';
import type { Graph } from '../../src/network/ir/graph.ts';
import { withoutValues } from '../../src/network/ir/zeros.ts';
import { predictMetrics, usualMetrics } from '../../src/network/metrics/index.ts';
import type { ModelSpec } from '../../src/network/models/index.ts';
import { listSpaceFiles } from '../../src/search/space/file/resolve.ts';
import { mutate } from '../../src/search/space/mutate.ts';
import { sample } from '../../src/search/space/sample.ts';
import type { Space } from '../../src/search/space/space.ts';

/** As in a search: most differ from one before in a few choices. */
function someCandidates(space: Space, count: number): Candidate[] {
  const rng = createRng('predicted', space.parameters.length);
  const found: Candidate[] = [];
  for (let i = 0; i < count; i++)
    found.push(i % 5 === 0 ? sample(space, rng) : mutate(space, rng.pick(found), rng, { rate: 2 / space.parameters.length }));
  return found;
}

/** What is known of a network without its numbers. */
const described = (graph: Graph | undefined) =>
  graph && {
    size: encodedLength(graph),
    metrics: predictMetrics({ graph, byteCount: 0 }, usualMetrics),
    nodes: graph.nodes,
    types: graph.types,
    initializers: Object.entries(graph.initializers).map(([name, { dtype, shape, data }]) => [name, dtype, shape, data.length]),
  };

it.each(listSpaceFiles(bundledSpaces))(
  'a candidate of %s is to be what it is when nothing is kept of those before it',
  (name) => {
    const { model, space } = loadSpace(name);
    const outline = withoutValues(structureOf(model as unknown as ModelSpec));
    const meaning = meaningOf(space);
    const byKey = new Map<string, ReturnType<typeof described>>();
    for (const candidate of someCandidates(space, 40)) {
      const plan = meaning.plan(candidate);
      const normal = canonicalPlan(outline, plan);
      expect(normal).toEqual(canonicalPlan({ ...outline }, plan));
      const whole = described(finalStructure({ ...outline }, normal));
      expect(described(finalStructure(outline, normal))).toEqual(whole);
      // Equal keys, equal structure: importances and the like decide which channels go, never how many.
      const key = structureKey(normal);
      expect(byKey.get(key) ?? whole).toEqual(whole);
      byKey.set(key, whole);
    }
  },
);
