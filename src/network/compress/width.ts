import type { Graph } from '../ir/graph.ts';
import { layersOf } from '../ir/layers.ts';
import { type ChannelGroup, channelGroups } from './channels/groups.ts';
import { scoresOf } from './channels/importance.ts';
import { keptChannels, staying } from './channels/parts.ts';
import { type Cut, removeChannels } from './channels/remove.ts';
import { findingsAfterCuts } from './channels/restate.ts';
import { canGrow, findingsAfterGrowth, type Growth, growChannels } from './channels/widen.ts';
import { byLevel } from './levels.ts';
import { type BySite, defineTechnique, type Findings, type Knobs, mapSites, noFindings, type SettingsOf } from './technique.ts';

const most = 4;

const knobs = {
  factor: {
    kind: 'number',
    min: 0.0001,
    max: most,
    default: 1,
    off: 1,
    summary:
      'Channels of the stage, as a multiple of what they are; at least one stays. Below 1 those of the largest L1 norm stay.',
  },
  grow: {
    kind: 'choice',
    values: ['split', 'fresh'],
    default: 'split',
    summary:
      'Above 1: new channels are copies of those that are there, whose readers share their weights out among them; or freshly drawn, and nobody reads them yet. The network gives the same answers either way, until it is trained.',
  },
} as const satisfies Knobs;

type Settings = SettingsOf<typeof knobs>;

/**
 * Width as an architecture's knob: a stage, the layers that work on planes of one size, gets so many times its channels.
 * Weights are inherited: narrower stages keep their most important channels, wider ones compute what they did before
 * (Chen et al. 2016, Net2Net: Accelerating Learning via Knowledge Transfer).
 */
export const width = defineTechnique({
  name: 'width',
  summary: 'Make whole stages narrower or wider; the weights are inherited.',
  stage: 'architecture',
  knobs,
  sites: (graph) => stagesOf(graph).map((groups) => ({ name: groups[0]!.name, layers: groups.flatMap(({ layers }) => layers) })),

  /** Narrower is what prune does, at once and by L1. */
  sameAs(graph, settings) {
    const changes = changesOf(graph, settings);
    if (changes.some(({ group, count }) => count > group.channels)) return undefined;
    const entries = changes.map(({ group, count }) => [group.name, { keep: count / group.channels }] as const);
    return { technique: 'prune', settings: Object.fromEntries(entries), joins: false };
  },

  canonical(graph, settings) {
    const stages = new Map(stagesOf(graph).map((groups) => [groups[0]!.name, groups]));
    return mapSites(settings, (site, own) => normalForm(stages.get(site)!, own));
  },

  rewrite(graph, settings) {
    const { narrowed, growths } = split(graph, settings);
    return growths.reduce((current, growth) => growChannels(current, inGraph(current, growth)), removeChannels(graph, narrowed));
  },

  restate(graph, settings, findings) {
    const { narrowed, growths } = split(graph, settings);
    let current = removeChannels(graph, narrowed);
    let known: Findings = findingsAfterCuts(graph, narrowed, findings);
    for (const growth of growths) {
      const own = inGraph(current, growth);
      known = findingsAfterGrowth(current, own, known);
      current = growChannels(current, own);
    }
    return known;
  },
});

/** Channel groups, by stage. */
function stagesOf(graph: Graph): readonly (readonly ChannelGroup[])[] {
  const outputs = new Map(layersOf(graph).map(({ name, node }) => [name, node.outputs[0]!]));
  return byLevel(graph, channelGroups(graph), ({ name }) => outputs.get(name)!);
}

/** Channels of a group once its stage has `factor` times as many. */
function countOf(group: ChannelGroup, { factor }: Settings): number {
  if (factor <= 1) return keptChannels(group, factor, 1);
  return canGrow(group) ? Math.round(factor * group.channels) : group.channels;
}

interface Change {
  readonly group: ChannelGroup;
  readonly count: number;
  readonly how: Growth['how'];
}

/** The groups that get another number of channels. */
const changesOf = (graph: Graph, settings: BySite<Settings>): readonly Change[] =>
  stagesOf(graph).flatMap((groups) => {
    const own = settings[groups[0]!.name];
    const all = own ? groups.map((group) => ({ group, count: countOf(group, own), how: own.grow })) : [];
    return all.filter(({ group, count }) => count !== group.channels);
  });

/** All groups are judged on the weights as they are given. */
function split(graph: Graph, settings: BySite<Settings>): { narrowed: readonly Cut[]; growths: readonly Growth[] } {
  const changes = changesOf(graph, settings);
  const fewer = changes.filter(({ group, count }) => count < group.channels);
  return {
    narrowed: fewer.map(({ group, count }) => ({ group, keep: staying(group, scoresOf('l1', graph, group, noFindings), count) })),
    growths: changes.filter(({ group, count }) => count > group.channels),
  };
}

/** A growth of a group as it is in a graph in which others have changed. */
const inGraph = (graph: Graph, growth: Growth): Growth => ({
  ...growth,
  group: channelGroups(graph).find(({ name }) => name === growth.group.name)!,
});

/** Factors that give the same numbers of channels are one: the middle of them, in few digits where those are enough. */
function normalForm(groups: readonly ChannelGroup[], own: Settings): Settings | undefined {
  const counts = groups.map((group) => countOf(group, own));
  if (groups.every(({ channels }, i) => channels === counts[i])) return undefined;
  const isSame = (factor: number) => groups.every((group, i) => countOf(group, { ...own, factor }) === counts[i]);
  const bounds = groups.map((group, i) => boundsOf(group, counts[i]!));
  const [low, high] = [Math.max(...bounds.map(([from]) => from)), Math.min(most, ...bounds.map(([, to]) => to))];
  const middle = (low + high) / 2;
  const short = Number(middle.toPrecision(3));
  const widens = groups.some(({ channels }, i) => counts[i]! > channels);
  return { factor: isSame(short) ? short : middle, grow: widens ? own.grow : knobs.grow.default };
}

/** The factors at which a group has so many channels. */
function boundsOf(group: ChannelGroup, count: number): readonly [number, number] {
  const { channels } = group;
  const low = count === keptChannels(group, 0, 1) ? knobs.factor.min : (count - 0.5) / channels;
  return [low, count === channels && !canGrow(group) ? most : (count + 0.5) / channels];
}
