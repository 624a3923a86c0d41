import type { Graph } from '../ir/graph.ts';
import { scoresOf } from './channels/importance.ts';
import { keptChannels, staying } from './channels/parts.ts';
import type { Cut } from './channels/remove.ts';
import { findingsAfterCuts } from './channels/restate.ts';
import { gateHooks, penaltyKnob } from './gate.ts';
import { type Chain, chainsOf } from './slim/chains.ts';
import { slimNames, split } from './slim/split.ts';
import { type BySite, defineTechnique, type Knobs, mapSites, noFindings, type SettingsOf } from './technique.ts';

const knobs = {
  rate: {
    kind: 'number',
    min: 0,
    max: 1,
    default: 1,
    off: 1,
    summary: 'Share of the images that are to have all channels; training pulls towards it.',
  },
  width: {
    kind: 'number',
    min: 0,
    max: 1,
    default: 0.5,
    off: 1,
    summary: 'Share of the channels that every image has: the strongest by L1.',
  },
  penalty: penaltyKnob,
} as const satisfies Knobs;

type Settings = SettingsOf<typeof knobs>;

/**
 * Layers of two widths (Li et al. 2021, Dynamic Slimmable Network; gates see gate.ts): between two convolutions some channels are
 * computed for every image, the others, and what the second convolution makes of them, where the gate asks for it. The weights are
 * there once: what the others give is added.
 */
export const slim = defineTechnique({
  name: 'slim',
  summary: 'Let a learned gate decide per image whether a layer has all of its channels, or a part.',
  stage: 'sparsify',
  knobs,
  sites: (graph) => chainsOf(graph).map(({ group: { name, layers } }) => ({ name, layers })),

  canonical: (graph, settings) => {
    const there = new Map(chosenIn(graph, settings).map(({ chain: { group }, count }) => [group.name, count / group.channels]));
    return mapSites(settings, (site, own) => (there.has(site) ? { ...own, width: there.get(site)! } : undefined));
  },

  rewrite: (graph, settings) =>
    cutsOf(graph, settings).reduce((current, { group, keep }) => splitAt(current, group.name, keep), graph),

  restate: (graph, settings, findings) => findingsAfterCuts(graph, cutsOf(graph, settings), findings),

  ...gateHooks(slimNames),
});

/** A chain that is split, and how many of its channels every image has. */
interface Chosen {
  readonly chain: Chain;
  readonly count: number;
}

/** Where chains meet, as in a bottleneck, the first: the layer in the middle then comes in two parts, and is no chain's beginning. */
function chosenIn(graph: Graph, settings: BySite<Settings>): readonly Chosen[] {
  const ends = new Set<string>();
  return chainsOf(graph).flatMap((chain) => {
    const { group, consumer } = chain;
    const own = settings[group.name];
    const count = own && keptChannels(group, own.width, 1);
    if (count === undefined || count === group.channels || ends.has(group.name)) return [];
    ends.add(consumer.name);
    return [{ chain, count }];
  });
}

const cutsOf = (graph: Graph, settings: BySite<Settings>): readonly Cut[] =>
  chosenIn(graph, settings).map(({ chain: { group }, count }) => ({
    group,
    keep: staying(group, scoresOf('l1', graph, group, noFindings), count),
  }));

const splitAt = (graph: Graph, site: string, keep: readonly number[]): Graph =>
  split(graph, chainsOf(graph).find(({ group }) => group.name === site)!, keep);
