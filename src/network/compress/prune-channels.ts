import type { Graph, Tensor } from '../ir/graph.ts';
import { elementCount } from '../ir/graph.ts';
import { isZeros } from '../ir/zeros.ts';
import { type ChannelGroup, channelGroups } from './channels/groups.ts';
import { type Cut, removeChannels } from './channels/remove.ts';
import { type BySite, defineTechnique, mapSites } from './technique.ts';

/** Norms of a channel's weights (Li et al. 2017, Pruning Filters for Efficient ConvNets: L1). */
const norms = {
  l1: (weights: Iterable<number>) => {
    let sum = 0;
    for (const weight of weights) sum += Math.abs(weight);
    return sum;
  },
  l2: (weights: Iterable<number>) => {
    let sum = 0;
    for (const weight of weights) sum += weight * weight;
    return Math.sqrt(sum);
  },
};

interface PruneSettings {
  readonly keep: number;
  readonly importance: keyof typeof norms;
  readonly multiple: number;
}

/**
 * Structured pruning: the channels of least norm are removed from the network, and with them everything that belongs
 * to them in the layers around. Layers that must keep the same channels (residual branches) are one site.
 */
export const prune = defineTechnique({
  name: 'prune',
  summary: 'Remove whole channels: the least important ones leave the network physically.',
  stage: 'prune',
  knobs: {
    keep: {
      kind: 'number',
      min: 0,
      max: 1,
      default: 1,
      off: 1,
      summary: 'Fraction of the channels that stay; at least one does.',
    },
    importance: {
      kind: 'choice',
      values: ['l1', 'l2'],
      default: 'l1',
      summary: 'What tells how important a channel is: the L1 or L2 norm of the weights that make it.',
    },
    multiple: {
      kind: 'number',
      min: 1,
      max: 64,
      integer: true,
      default: 1,
      summary: 'Round the number of channels to a multiple of this, as the hardware likes it.',
    },
  },
  sites: (graph) => channelGroups(graph).map(({ name, layers }) => ({ name, layers })),

  /** `keep` becomes the exact fraction, `multiple` has done its work. */
  canonical: (graph, settings) =>
    mapSites(settings, (site, own) => {
      const { channels } = groupOf(graph, site)!;
      const kept = keptChannels(channels, own.keep, own.multiple);
      return kept === channels ? undefined : { ...own, keep: kept / channels, multiple: 1 };
    }),

  rewrite: (graph, settings) => removeChannels(graph, cutsOf(graph, settings)),

  /** Gradients lose the channels that their parameters lose. */
  restate(graph, settings, findings) {
    if (findings.gradients.length === 0) return findings;
    const cuts = cutsOf(graph, settings);
    return { ...findings, gradients: findings.gradients.map((batch) => cutGradients(graph, batch, cuts)) };
  },
});

/** All groups are judged on the weights as they are given, so that their order does not matter. */
function cutsOf(graph: Graph, settings: BySite<PruneSettings>): readonly Cut[] {
  return Object.entries(settings).flatMap(([site, { keep, importance, multiple }]) => {
    const group = groupOf(graph, site);
    if (!group) return []; // Another technique took the layer out.
    const count = keptChannels(group.channels, keep, multiple);
    return [{ group, keep: largest(channelScores(graph, group, norms[importance]), count) }];
  });
}

function cutGradients(graph: Graph, gradients: Readonly<Record<string, Float32Array>>, cuts: readonly Cut[]) {
  const tensors = Object.entries(gradients).flatMap(([name, data]) => {
    const shape = graph.types[name]?.shape;
    return shape && elementCount(shape) === data.length ? [[name, { dtype: 'float32', shape, data }] as const] : [];
  });
  const { initializers } = removeChannels(
    { ...graph, initializers: { ...graph.initializers, ...Object.fromEntries(tensors) } },
    cuts,
  );
  return Object.fromEntries(tensors.map(([name]) => [name, initializers[name]!.data as Float32Array]));
}

const groupOf = (graph: Graph, name: string): ChannelGroup | undefined =>
  channelGroups(graph).find((group) => group.name === name);

/** The nearest multiple, at least one of them, at most all channels. */
function keptChannels(channels: number, keep: number, multiple: number): number {
  const rounded = Math.round((keep * channels) / multiple) * multiple;
  return Math.min(channels, Math.max(multiple, rounded));
}

/** Per channel of the group, the norms of the weights that make it, summed over its layers. */
function channelScores(graph: Graph, group: ChannelGroup, norm: (weights: Iterable<number>) => number): number[] {
  const scores = Array.from({ length: group.channels }, () => 0);
  for (const { initializer, axis, role, channels } of group.members) {
    const tensor = graph.initializers[initializer]!;
    if (role !== 'producer' || isZeros(tensor)) continue;
    channels.forEach((channel, position) => {
      if (channel >= 0) scores[channel]! += norm(weightsAt(tensor, axis, position));
    });
  }
  return scores;
}

/** The weights at one position of an axis. */
function* weightsAt(tensor: Tensor, axis: number, position: number): Generator<number> {
  const inner = elementCount(tensor.shape.slice(axis + 1));
  const stride = inner * tensor.shape[axis]!;
  for (let start = position * inner; start < tensor.data.length; start += stride) {
    for (let i = start; i < start + inner; i++) yield Number(tensor.data[i]);
  }
}

/** Indices of the `count` largest scores, ascending; of equal ones the first. */
function largest(scores: readonly number[], count: number): number[] {
  const byScore = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return byScore.slice(0, count).sort((a, b) => a - b);
}
