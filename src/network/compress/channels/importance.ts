import { NasError } from '../../../core/errors.ts';
import type { Graph, Tensor } from '../../ir/graph.ts';
import { elementCount } from '../../ir/graph.ts';
import { isZeros } from '../../ir/zeros.ts';
import type { Findings, Questions } from '../technique.ts';
import type { ChannelGroup, GroupMember } from './groups.ts';
import { removeChannels } from './remove.ts';

/** What tells how important a channel is. To add one: its entry, and a line in `importances`. */
interface Importance {
  /** What the score takes besides the weights, of the trained dense network. */
  readonly asks?: (graph: Graph, group: ChannelGroup) => Questions;
  /** Per channel of the group; the lowest go first. undefined where the group has nothing that it could judge by. */
  readonly scores: (graph: Graph, group: ChannelGroup, findings: Findings) => readonly number[] | undefined;
  /** Whether the group has anything that it could judge by; always where left out. */
  readonly judges?: (graph: Graph, group: ChannelGroup) => boolean;
}

/** Norm of the weights that make a channel, summed over the layers (Li et al. 2017, Pruning Filters for Efficient ConvNets). */
const byNorm = (norm: (weights: Float64Array) => number): Importance => ({
  scores: (graph, group) => summed(graph, group, (filters) => filters.map(norm)),
});

const l1 = byNorm((weights) => weights.reduce((sum, weight) => sum + Math.abs(weight), 0));
const l2 = byNorm((weights) => Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0)));

/**
 * Distance of a channel's filter from all others of its layer: what lies in the middle can be made up for by the others
 * (He et al. 2019, Filter Pruning via Geometric Median).
 */
const median: Importance = {
  scores: (graph, group) =>
    summed(graph, group, (filters) => filters.map((a) => filters.reduce((sum, b) => sum + distance(a, b), 0))),
};

/** Size of BatchNormalization's scale (Liu et al. 2017, Network Slimming). */
const scale: Importance = {
  judges: (graph, group) => scalesOf(graph, group).length > 0,
  scores(graph, group) {
    const scales = scalesOf(graph, group);
    return scales.length === 0 ? undefined : summedOver(group, scales, (member) => valuesOf(graph, member).map(Math.abs));
  },
};

const activations = new Set(['Relu', 'Clip']);

/** Share of the images and places at which the channel is active (Hu et al. 2016, Network Trimming: its opposite is APoZ). */
const activity: Importance = {
  judges: (graph, group) => activeValues(graph, group).length > 0,
  asks: (graph, group) => ({ activity: activeValues(graph, group).map(({ value }) => value) }),
  scores(graph, group, findings) {
    const values = activeValues(graph, group);
    if (values.length === 0) return undefined;
    // Behind a layer that was left out the dense network had other channels.
    const asked = values.filter(({ value }) => findings.activity[value]);
    const known = asked.length > 0 ? asked : values;
    return summedOver(group, known, ({ value }) => Array.from(answerOf(findings.activity[value], group, 'activity')));
  },
};

/**
 * Squared change of the loss, to first order, if the channel were 0: Σ (Σ g·w)² over what its numbers are proportional to
 * (Molchanov et al. 2019). That is BatchNormalization's scale and shift where one is behind the layer: the loss does not
 * change with the size of a filter before it, so that Σ g·w of the filter itself is 0 whatever the channel is worth.
 */
const taylor: Importance = {
  asks: () => ({ gradients: true }),
  scores(graph, group, { gradients }) {
    const gates = gatesOf(graph, group);
    const batches = gradients.map((batch) =>
      summedOver(group, gates, (member) => {
        const tensor = graph.initializers[member.initializer]!;
        const slopes = filtersOf({ ...tensor, data: gradientOf(batch, group, member) }, member);
        return filtersOf(tensor, member).map((filter, c) => filter.reduce((sum, weight, i) => sum + weight * slopes[c]![i]!, 0));
      }),
    );
    answerOf(batches[0], group, 'gradients');
    return batches[0]!.map((_, c) => batches.reduce((sum, batch) => sum + batch[c]! ** 2, 0));
  },
};

/** Per layer that makes channels of the group: scale and shift of the BatchNormalization behind it, else its weights and bias. */
function gatesOf(graph: Graph, group: ChannelGroup): readonly GroupMember[] {
  const own = new Map(group.members.map((member) => [member.initializer, member]));
  return producersOf(group).flatMap((producer) => {
    const layer = graph.nodes.find(({ inputs }) => inputs[1] === producer.initializer);
    const behind = graph.nodes.find(({ op, inputs }) => op === 'BatchNormalization' && inputs[0] === layer?.outputs[0]);
    const names = behind ? behind.inputs.slice(1, 3) : [producer.initializer, layer?.inputs[2] ?? ''];
    return names.flatMap((name) => own.get(name) ?? []);
  });
}

/** What the network gets wrong without the channel; where that is equal, its loss. */
const removal: Importance = {
  asks: (graph, group) => ({
    effects:
      group.channels === 1
        ? {}
        : Object.fromEntries(channelsOf(group).map((c) => [effectName(group, c), without(graph, group, c)])),
  }),
  scores: (_, group, { effects }) =>
    group.channels === 1
      ? [0]
      : channelsOf(group).map((c) => {
          const { accuracy, loss } = answerOf(effects[effectName(group, c)], group, 'effects');
          return -accuracy + 1e-6 * (loss / (1 + loss));
        }),
};

export const importances = { l1, l2, median, scale, activity, taylor, removal } as const satisfies Record<string, Importance>;

export type ImportanceName = keyof typeof importances;

/** Those that need the weights alone, so that they can be taken again while a network is trained. */
export const isOfWeights = (name: ImportanceName): boolean => (importances[name] as Importance).asks === undefined;

/** What judges a group in fact: L1 where what is asked for has nothing to judge by. */
export const judgeOf = (name: ImportanceName, graph: Graph, group: ChannelGroup): ImportanceName =>
  ((importances[name] as Importance).judges?.(graph, group) ?? true) ? name : 'l1';

export const questionsOf = (name: ImportanceName, graph: Graph, group: ChannelGroup): Questions =>
  (importances[name] as Importance).asks?.(graph, group) ?? {};

/** Where a group has nothing to be judged by, L1 judges it. Networks without values have no scores to tell apart. */
export function scoresOf(name: ImportanceName, graph: Graph, group: ChannelGroup, findings: Findings): readonly number[] {
  if (producersOf(group).every(({ initializer }) => isZeros(graph.initializers[initializer]!)))
    return channelsOf(group).map(() => 0);
  return importances[name].scores(graph, group, findings) ?? l1.scores(graph, group, findings)!;
}

/** The scales of BatchNormalization that go along with a group. */
export function scalesOf(graph: Graph, group: ChannelGroup): readonly GroupMember[] {
  const scales = new Set(graph.nodes.flatMap(({ op, inputs }) => (op === 'BatchNormalization' ? [inputs[1]!] : [])));
  return group.members.filter(({ initializer }) => scales.has(initializer));
}

const channelsOf = ({ channels }: ChannelGroup): readonly number[] => Array.from({ length: channels }, (_, c) => c);

const producersOf = ({ members }: ChannelGroup) => members.filter(({ role }) => role === 'producer');

/** Numbers per position of each layer that makes the channels, summed per channel. */
function summed(
  graph: Graph,
  group: ChannelGroup,
  numbers: (filters: readonly Float64Array[], member: GroupMember) => readonly number[],
): readonly number[] {
  return summedOver(group, producersOf(group), (member) =>
    numbers(filtersOf(graph.initializers[member.initializer]!, member), member),
  );
}

function summedOver<Part extends { readonly channels: readonly number[] }>(
  group: ChannelGroup,
  parts: readonly Part[],
  numbers: (part: Part) => readonly number[],
): readonly number[] {
  const sums = channelsOf(group).map(() => 0);
  for (const part of parts) {
    numbers(part).forEach((number, position) => {
      const channel = part.channels[position]!;
      if (channel >= 0) sums[channel]! += number;
    });
  }
  return sums;
}

/** The weights at every position of a member's axis. */
function filtersOf({ shape, data }: Tensor, { axis }: GroupMember): readonly Float64Array[] {
  const [size, inner, outer] = [shape[axis]!, elementCount(shape.slice(axis + 1)), elementCount(shape.slice(0, axis))];
  return Array.from({ length: size }, (_, position) =>
    Float64Array.from({ length: outer * inner }, (__, i) =>
      Number(data[(Math.floor(i / inner) * size + position) * inner + (i % inner)]),
    ),
  );
}

const valuesOf = (graph: Graph, { initializer }: GroupMember): readonly number[] =>
  Array.from(graph.initializers[initializer]!.data, Number);

const distance = (a: Float64Array, b: Float64Array) => Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));

/** What comes out of the activation functions that a group passes. */
function activeValues(graph: Graph, { values }: ChannelGroup): ChannelGroup['values'] {
  const outputs = new Set(graph.nodes.flatMap((node) => (activations.has(node.op) ? node.outputs : [])));
  return values.filter(({ value }) => outputs.has(value));
}

const effectName = ({ name }: ChannelGroup, channel: number) => `without channel ${channel} of ${name}`;

/** What is known of removing channels of a group, once its channels are others: each is one that was there before. */
export function effectsAfter(effects: Findings['effects'], group: ChannelGroup, sources: readonly number[]): Findings['effects'] {
  const renamed = sources.flatMap((source, channel) => {
    const effect = effects[effectName(group, source)];
    return effect ? [[effectName(group, channel), effect] as const] : [];
  });
  return { ...effects, ...Object.fromEntries(renamed) };
}

const without = (graph: Graph, group: ChannelGroup, channel: number) => () =>
  removeChannels(graph, [{ group, keep: channelsOf(group).filter((c) => c !== channel) }]);

function gradientOf(
  batch: Findings['gradients'][number],
  group: ChannelGroup,
  { initializer, channels }: GroupMember,
): Float32Array {
  const gradient = answerOf(batch[initializer], group, 'gradients');
  return gradient.length % channels.length === 0 ? gradient : answerOf<Float32Array>(undefined, group, 'gradients');
}

function answerOf<T>(answer: T | undefined, { name }: ChannelGroup, what: keyof Findings): T {
  if (answer !== undefined) return answer;
  const message = `prune at "${name}": its importance needs the ${what} of the dense network, and there are none for these layers: another technique may have put others in their place. Take l1 or l2 there.`;
  throw new NasError('COMPRESS_FINDINGS', message, { facts: { technique: 'prune', site: name } });
}
