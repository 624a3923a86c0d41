import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NasError } from '../../../src/core/errors.ts';
import { type ChannelGroup, channelGroups } from '../../../src/network/compress/channels/groups.ts';
import { removeChannels } from '../../../src/network/compress/channels/remove.ts';
import type { Graph, Tensor } from '../../../src/network/ir/graph.ts';
import { elementCount } from '../../../src/network/ir/graph.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { buildModel, modelSpecSchema } from '../../../src/network/models/index.ts';
import { images, trainedResnet } from '../../fixtures/graphs.ts';
import { interpret } from '../../fixtures/interpreter.ts';
import { sketches } from '../../fixtures/sketches.ts';

const summary = (graph: Graph) => channelGroups(graph).map(({ layers, channels }) => `${channels}: ${layers.join(' ')}`);

/** Zeros in every weight that makes or accompanies a channel that is not kept. */
function masked(graph: Graph, group: ChannelGroup, keep: readonly number[]): Graph {
  const initializers: Record<string, Tensor> = { ...graph.initializers };
  for (const { initializer, axis, role, channels } of group.members) {
    if (role === 'consumer') continue;
    const tensor = initializers[initializer]!;
    const inner = elementCount(tensor.shape.slice(axis + 1));
    const gone = (i: number) => {
      const channel = channels[Math.floor(i / inner) % tensor.shape[axis]!]!;
      return channel >= 0 && !keep.includes(channel);
    };
    initializers[initializer] = { ...tensor, data: (tensor.data as Float32Array).map((value, i) => (gone(i) ? 0 : value)) };
  }
  return { ...graph, initializers };
}

function expectPruningEqualsMasking(graph: Graph, group: ChannelGroup, keep: readonly number[]): void {
  const pruned = removeChannels(graph, [{ group, keep }]);
  verify(pruned);
  const feeds = { x: Float64Array.from(images(graph, 'masking')) };
  const [small, large] = [interpret(pruned, feeds), interpret(masked(graph, group, keep), feeds)];
  for (const output of graph.outputs) {
    const difference = small[output]!.data.map((value, i) => Math.abs(value - large[output]!.data[i]!));
    expect(Math.max(...difference)).toBeLessThan(1e-9);
  }
}

/** A non-empty ascending subset of a group's channels. */
const keeps = (group: ChannelGroup) => fc.subarray([...Array(group.channels).keys()], { minLength: 1 });

describe('channel groups', () => {
  it.each(Object.entries(sketches))('%s', (_, { build, groups }) => {
    const graph = build();
    verify(graph);
    expect(summary(graph)).toEqual(groups);
  });

  it.each([8, 14, 20])('of ResNet-%i: one per block, one per residual stream', (depth) => {
    const target = { shape: [1, 28, 28], classes: 10, batch: 1, seed: 's' } as const;
    const blocks = (depth - 2) / 6;
    const expected = [16, 32, 64].flatMap((width, i) => {
      const block = (n: number) => `stage${i + 1}.block${n}`;
      const numbers = Array.from({ length: blocks }, (_, n) => n + 1);
      const seconds = numbers.map((n) => `${block(n)}.conv2`);
      const stream = i === 0 ? ['stem', ...seconds] : [seconds[0], `${block(1)}.shortcut`, ...seconds.slice(1)];
      const inner = numbers.map((n) => `${width}: ${block(n)}.conv1`);
      const residual = `${width}: ${stream.join(' ')}`;
      return i === 0 ? [residual, ...inner] : [inner[0]!, residual, ...inner.slice(1)];
    });
    expect(summary(buildModel(modelSpecSchema.parse({ family: 'resnet', depth }), target))).toEqual(expected);
  });
});

describe('removing channels', () => {
  it.each(Object.entries(sketches))('equals masking them: %s', (_, { build }) => {
    const graph = build();
    for (const group of channelGroups(graph)) {
      fc.assert(
        fc.property(keeps(group), (keep) => expectPruningEqualsMasking(graph, group, keep)),
        { numRuns: 2, seed: 1 },
      );
    }
  });

  it('equals masking them in every group of a ResNet', () => {
    const graph = trainedResnet({ blocks: [1, 1], widths: [3, 4] }, [2, 4, 4]);
    for (const group of channelGroups(graph)) {
      fc.assert(
        fc.property(keeps(group), (keep) => expectPruningEqualsMasking(graph, group, keep)),
        { numRuns: 2, seed: 1 },
      );
    }
  });

  it('gives the same for all groups at once as for one after the other', () => {
    const graph = sketches['concat']!.build();
    const keep = [0, 2];
    const cuts = channelGroups(graph).map((group) => ({ group, keep }));
    const oneByOne = channelGroups(graph).reduce((current, { name }) => {
      const group = channelGroups(current).find((candidate) => candidate.name === name)!;
      return removeChannels(current, [{ group, keep }]);
    }, graph);
    expect(removeChannels(graph, cuts)).toEqual(oneByOne);
  });

  it('leaves the graph that it was given alone, and keeps everything where all is kept', () => {
    const graph = sketches['residual add']!.build();
    const before = structuredClone(graph);
    const [group] = channelGroups(graph);
    expect(removeChannels(graph, [{ group: group!, keep: [0, 1, 2, 3] }])).toEqual(before);
    removeChannels(graph, [{ group: group!, keep: [1] }]);
    expect(graph).toEqual(before);
  });

  it.each([[[]], [[4]], [[-1, 0]], [[1, 0]], [[1, 1]], [[0.5]]])('refuses to keep %j of four channels', (keep) => {
    const graph = sketches['chain']!.build();
    const group = channelGroups(graph)[0]!;
    expect(() => removeChannels(graph, [{ group, keep }])).toThrow(NasError);
  });
});
