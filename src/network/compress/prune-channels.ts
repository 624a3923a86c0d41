import type { Graph } from '../ir/graph.ts';
import { type ChannelGroup, channelGroups } from './channels/groups.ts';
import {
  type ImportanceName,
  importances,
  isOfWeights,
  judgeOf,
  questionsOf,
  scalesOf,
  scoresOf,
} from './channels/importance.ts';
import { keptChannels, staying } from './channels/parts.ts';
import { type Cut, removeChannels } from './channels/remove.ts';
import { findingsAfterCuts } from './channels/restate.ts';
import { clearChannels, clearedChannels } from './channels/soften.ts';
import { cubicShare } from './schedule.ts';
import { type BySite, defineTechnique, type Findings, mapSites, noFindings, type Projection, type Weights } from './technique.ts';

interface PruneSettings {
  readonly keep: number;
  readonly importance: ImportanceName;
  readonly multiple: number;
  readonly when: 'before' | 'gradual';
  readonly penalty: number;
}

/**
 * Structured pruning: the least important channels are removed from the network, and with them everything that belongs
 * to them in the layers around. Layers that must keep the same channels (residual branches) are one site.
 */
export const prune = defineTechnique({
  name: 'prune',
  summary: 'Remove whole channels: the least important ones leave the network physically.',
  stage: 'prune',
  knobs: {
    keep: {
      kind: 'number',
      min: 0.0001,
      max: 1,
      default: 1,
      off: 1,
      summary: 'Fraction of the channels that stay; at least one does.',
    },
    importance: {
      kind: 'choice',
      values: Object.keys(importances) as ImportanceName[],
      default: 'l1',
      summary:
        'What tells how important a channel is. Of the weights that make it: l1 and l2, their norms; median, how far they are from those of other channels. scale: of BatchNormalization. Measured on the trained network: activity, how often it is above 0; taylor, gradient × weight; removal, the accuracy lost without it. Where a layer has no BatchNormalization or activation to judge by: l1.',
    },
    multiple: {
      kind: 'number',
      min: 1,
      max: 64,
      integer: true,
      default: 1,
      summary: 'Round the number of channels to a multiple of this, as the hardware likes it.',
    },
    when: {
      kind: 'choice',
      values: ['before', 'gradual'],
      default: 'before',
      summary:
        'Before fine-tuning at once; or switched off one by one during its first two thirds, by the weights as they are then (what is measured counts as l1), and removed at the end.',
    },
    penalty: {
      kind: 'number',
      min: 0,
      max: 0.1,
      default: 0,
      summary: 'With gradual: pull of the scales of BatchNormalization towards 0, so that channels become dispensable.',
    },
  },
  sites: (graph) => channelGroups(graph).map(({ name, layers }) => ({ name, layers })),

  numeric: ['importance', 'penalty'],

  later: ({ when }) => when === 'gradual',
  remedies: ['gradual'],
  milder: (own, remedy) => (remedy === 'gradual' && own.when !== 'gradual' ? { ...own, when: 'gradual' } : own),
  touches: (graph, settings) =>
    chosen(graph, before(settings)).flatMap(({ group }) => group.members.map(({ initializer }) => initializer)),

  /** `keep` becomes the exact fraction, `multiple` has done its work; what a schedule has no use for is at its default. */
  canonical: (graph, settings) =>
    mapSites(settings, (site, own) => {
      const group = groupOf(graph, site);
      const kept = group && keptChannels(group, own.keep, own.multiple);
      if (!group || kept === group.channels) return undefined;
      const gradual = own.when === 'gradual';
      const penalty = gradual && scalesOf(graph, group).length > 0 ? own.penalty : 0;
      const importance = judgeOf(gradual ? whileTraining(own.importance) : own.importance, graph, group);
      return { ...own, keep: kept! / group.channels, multiple: 1, importance, penalty };
    }),
  outline: (graph, settings) => {
    const cuts = chosen(graph, settings).map(({ group, count }) => {
      const anyScores = Array.from({ length: group.channels }, () => 0);
      return { group, keep: staying(group, anyScores, count) };
    });
    return removeChannels(graph, cuts);
  },
  asks(graph, settings) {
    const asked = chosen(graph, before(settings)).map(({ group, own }) => questionsOf(own.importance, graph, group));
    return {
      activity: asked.flatMap(({ activity }) => activity ?? []),
      gradients: asked.some(({ gradients }) => gradients),
      effects: Object.assign({}, ...asked.map(({ effects }) => effects ?? {})) as Record<string, () => Graph>,
    };
  },
  rewrite: (graph, settings, findings) => removeChannels(graph, cutsOf(graph, before(settings), findings)),

  restate: (graph, settings, findings) => findingsAfterCuts(graph, cutsOf(graph, before(settings), findings), findings),

  objective(graph, settings, { b, loss }) {
    const terms = chosen(graph, gradual(settings)).flatMap(({ group, own }) =>
      (own.penalty === 0 ? [] : scalesOf(graph, group)).map(({ initializer }) => {
        const sum = b.op('ReduceSum', [b.op('Abs', [initializer]), b.ints([0])], { keepdims: 0 });
        return b.op('Mul', [sum, b.scalar(own.penalty)]);
      }),
    );
    return terms.reduce((sum, term) => b.op('Add', [sum, term]), loss);
  },

  during(graph, settings) {
    const sites = chosen(graph, gradual(settings));
    return (first: Weights): Projection => {
      const gone = new Map(sites.map(({ group }) => [group, clearedChannels(graph, first, group)]));
      return (weights, moment) => {
        const share = cubicShare(moment);
        if (share !== undefined)
          for (const site of sites) gone.set(site.group, lowest(graph, weights, site, gone.get(site.group)!, share));
        for (const [group, channels] of gone) clearChannels(graph, weights, group, channels);
      };
    };
  },

  /** Channels that are switched off have the lowest norm. */
  finalize: (graph, settings) =>
    removeChannels(
      graph,
      cutsOf(
        graph,
        mapSites(gradual(settings), (_, own) => ({ ...own, importance: 'l1' })),
        noFindings,
      ),
    ),
});

const before = (settings: BySite<PruneSettings>) => mapSites(settings, (_, own) => (own.when === 'before' ? own : undefined));
const gradual = (settings: BySite<PruneSettings>) => mapSites(settings, (_, own) => (own.when === 'gradual' ? own : undefined));

const whileTraining = (name: ImportanceName): ImportanceName => (isOfWeights(name) ? name : 'l1');

/** A group with its settings, and how many of its channels stay. */
interface Chosen {
  readonly group: ChannelGroup;
  readonly own: PruneSettings;
  readonly count: number;
}

/** The groups that have settings and are still there. */
function chosen(graph: Graph, settings: BySite<PruneSettings>): readonly Chosen[] {
  return Object.entries(settings).flatMap(([site, own]) => {
    const group = groupOf(graph, site);
    return group ? [{ group, own, count: keptChannels(group, own.keep, own.multiple) }] : [];
  });
}

/** All groups are judged on the weights as they are given, so that their order does not matter. */
function cutsOf(graph: Graph, settings: BySite<PruneSettings>, findings: Findings): readonly Cut[] {
  return chosen(graph, settings).map(({ group, own, count }) => ({
    group,
    keep: staying(group, scoresOf(own.importance, graph, group, findings), count),
  }));
}

/** The channels to switch off once `share` of those that go in the end is gone; who is gone stays away. */
function lowest(
  graph: Graph,
  weights: Weights,
  { group, own, count }: Chosen,
  gone: ReadonlySet<number>,
  share: number,
): ReadonlySet<number> {
  const entries = group.members.flatMap(({ initializer }) => {
    const data = weights[initializer];
    return data ? [[initializer, { ...graph.initializers[initializer]!, data }] as const] : [];
  });
  const current = { ...graph, initializers: { ...graph.initializers, ...Object.fromEntries(entries) } };
  const scores = scoresOf(whileTraining(own.importance), current, group, noFindings).map((score, c) =>
    gone.has(c) ? Number.NEGATIVE_INFINITY : score,
  );
  const stay = new Set(staying(group, scores, group.channels - Math.round(share * (group.channels - count))));
  return new Set([...scores.keys()].filter((c) => !stay.has(c)));
}

const groupOf = (graph: Graph, name: string): ChannelGroup | undefined =>
  channelGroups(graph).find((group) => group.name === name);
