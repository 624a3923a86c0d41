import type { Graph } from '../ir/graph.ts';
import { layersOf } from '../ir/layers.ts';
import { readInt } from '../ir/ops/support/attributes.ts';
import { type Detour, detours, drop } from './drop.ts';
import { byLevel } from './levels.ts';
import { type BySite, defineTechnique, type Knobs, noFindings, type SettingsOf } from './technique.ts';

const knobs = {
  keep: {
    kind: 'number',
    min: 0,
    max: 1,
    default: 1,
    off: 1,
    summary: "Fraction of the stage's blocks that stay, of those that can be left out: the first ones.",
  },
} as const satisfies Knobs;

/**
 * Depth as an architecture's knob: a stage keeps its first blocks (Cai et al. 2020, Once for All: elastic depth). It is
 * `drop` for the blocks behind them, said by how many there are.
 */
export const depth = defineTechnique({
  name: 'depth',
  summary: 'Make whole stages shallower: so many of their blocks stay.',
  stage: 'architecture',
  knobs,
  sites: (graph) =>
    stagesOf(graph).map((blocks) => ({ name: nameOf(blocks), layers: blocks.flatMap((block) => layersIn(block)) })),
  sameAs: (graph, settings) => ({ technique: drop.name, settings: dropped(graph, settings), joins: true }),
  rewrite: (graph, settings) => drop.rewrite!(graph, dropped(graph, settings), noFindings),
});

/** What leaves together. */
type Block = readonly Detour[];

const layersIn = (block: Block) => block.flatMap(({ layers }) => layers);
const nameOf = (blocks: readonly Block[]) => layersIn(blocks[0]!)[0]!;

/** Blocks that can be left out, by stage: residual branches, layers that keep the shape, depthwise ones with the layer behind. */
function stagesOf(graph: Graph): readonly (readonly Block[])[] {
  const layers = layersOf(graph);
  const place = new Map(layers.map(({ name }, i) => [name, i]));
  const isDepthwise = (layer: string) => readInt(layers[place.get(layer)!]!.node, 'group', 1) > 1;
  const single = new Map(detours(graph).flatMap((each) => (each.isBranch ? [] : [[each.layers[0]!, each] as const])));
  const blocks = detours(graph).flatMap((detour): Block[] => {
    if (detour.isBranch) return [[detour]];
    const [layer] = detour.layers as [string];
    const [before, after] = [-1, 1].map((step) => layers[place.get(layer)! + step]?.name);
    if (!isDepthwise(layer)) return before !== undefined && isDepthwise(before) ? [] : [[detour]];
    const next = after === undefined ? undefined : single.get(after);
    return next ? [[detour, next]] : [];
  });
  return byLevel(graph, blocks, (block) => block.at(-1)!.output);
}

/** The settings of `drop` that leave out the last blocks of each stage. */
function dropped(graph: Graph, settings: BySite<SettingsOf<typeof knobs>>): BySite<{ readonly use: boolean }> {
  const gone = stagesOf(graph).flatMap((blocks) => {
    const keep = settings[nameOf(blocks)]?.keep ?? 1;
    return blocks.slice(Math.round(keep * blocks.length)).flat();
  });
  return Object.fromEntries(gone.map(({ layers }) => [layers[0]!, { use: false }]));
}
