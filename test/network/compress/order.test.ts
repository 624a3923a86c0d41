import { describe, expect, it, vi } from 'vitest';
import type { Plan } from '../../../src/core/candidate.ts';
import { canonicalPlan, planKey, rewrite } from '../../../src/network/compress/recipe.ts';
import { defineTechnique, mapSites, networkSite, type Stage, stages } from '../../../src/network/compress/technique.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { trainedResnet } from '../../fixtures/graphs.ts';

/** Techniques that only leave their name in the graph's; the third decides the order for the network as a whole. */
const { toys } = vi.hoisted(() => ({ toys: [] as unknown[] }));
vi.mock('../../../src/network/compress/index.ts', () => ({ techniques: toys }));

const mark = (name: string, stage: Stage) =>
  defineTechnique({
    name,
    summary: 'Leaves its name.',
    stage,
    knobs: { use: { kind: 'choice', values: [true, false], default: true, off: false, summary: 'Whether it does.' } },
    sites: () => [networkSite],
    rewrite: (graph) => ({ ...graph, name: `${graph.name} ${name}` }),
  });

const order = defineTechnique({
  name: 'order',
  summary: 'Which of two comes first.',
  stage: 'train',
  knobs: { first: { kind: 'choice', values: ['factor', 'prune'], default: 'factor', off: 'factor', summary: 'The stage.' } },
  sites: () => [networkSite],
  canonical: (_, settings) => mapSites(settings, (__, own) => own),
  order: () => ['train', 'architecture', 'prune', 'factor', 'sparsify', 'quantize'],
});

toys.push(order, mark('b', 'prune'), mark('a', 'factor'), mark('c', 'sparsify'));

const graph: Graph = { ...trainedResnet({ blocks: [1], widths: [2] }, [1, 4, 4]), name: '' };
const plan = (names: readonly string[], reordered: boolean): Plan => ({
  recipe: {},
  techniques: {
    ...Object.fromEntries(names.map((name) => [name, { network: { use: true } }])),
    ...(reordered ? { order: { network: { first: 'prune' } } } : {}),
  },
});

describe('the order of techniques', () => {
  it('is that of the stages, whatever the list says', () => {
    expect(stages.indexOf('factor')).toBeLessThan(stages.indexOf('prune'));
    expect(rewrite(graph, plan(['b', 'a', 'c'], false)).name).toBe(' a b c');
  });

  it('is what a technique of the plan decides', () => {
    expect(rewrite(graph, plan(['a', 'b', 'c'], true)).name).toBe(' b a c');
    expect(planKey(graph, plan(['a', 'b'], true))).not.toBe(planKey(graph, plan(['a', 'b'], false)));
  });

  it.each([[['a']], [['a', 'c']], [[]]])('means nothing where none of %j changes its place with another', (names) => {
    expect(canonicalPlan(graph, plan(names, true))).toEqual(canonicalPlan(graph, plan(names, false)));
  });
});
