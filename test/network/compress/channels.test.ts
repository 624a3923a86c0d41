import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NasError } from '../../../src/core/errors.ts';
import { type ChannelGroup, channelGroups } from '../../../src/network/compress/channels/groups.ts';
import { removeChannels } from '../../../src/network/compress/channels/remove.ts';
import type { Graph, Tensor } from '../../../src/network/ir/graph.ts';
import { elementCount } from '../../../src/network/ir/graph.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { buildModel, modelSpecSchema } from '../../../src/network/models/index.ts';
import { classify, conv3, fullyConnected, images, norm, sketch, trainedResnet } from '../../fixtures/graphs.ts';
import { interpret } from '../../fixtures/interpreter.ts';

const summary = (graph: Graph) => channelGroups(graph).map(({ layers, channels }) => `${channels}: ${layers.join(' ')}`);

/** Small graphs with every way in which channels can hang together, and the groups that they have. */
const sketches: Record<string, { build: () => Graph; groups: string[] }> = {
  chain: {
    build: () => {
      const { b, x } = sketch();
      return classify(b, b.op('Relu', [norm(b, conv3(b, b.op('Relu', [conv3(b, x, 'a', 4)]), 'b', 6), 'b.bn')]));
    },
    groups: ['4: a', '6: b'],
  },
  'residual add': {
    build: () => {
      const { b, x } = sketch();
      const a = conv3(b, x, 'a', 4);
      return classify(b, b.op('Add', [a, conv3(b, conv3(b, a, 'b', 3), 'c', 4)]));
    },
    groups: ['4: a c', '3: b'],
  },
  depthwise: {
    build: () => {
      const { b, x } = sketch();
      return classify(b, norm(b, conv3(b, conv3(b, x, 'a', 4), 'dw', 4, 4), 'dw.bn'));
    },
    groups: ['4: a'],
  },
  'depthwise with a multiplier': {
    build: () => {
      const { b, x } = sketch();
      return classify(b, conv3(b, conv3(b, x, 'a', 4), 'dw', 8, 4));
    },
    groups: ['4: a'],
  },
  concat: {
    build: () => {
      const { b, x } = sketch();
      const joined = b.op('Concat', [conv3(b, x, 'a', 4), conv3(b, x, 'b', 3)], { axis: 1 });
      return classify(b, conv3(b, norm(b, joined, 'joined.bn'), 'c', 5));
    },
    groups: ['4: a', '3: b', '5: c'],
  },
  'concat met by an add': {
    build: () => {
      const { b, x } = sketch();
      const joined = b.op('Concat', [conv3(b, x, 'a', 2), conv3(b, x, 'b', 3)], { axis: 1 });
      return classify(b, b.op('Add', [joined, conv3(b, x, 'c', 5)]));
    },
    groups: ['5: a b c'],
  },
  'concat with the input': {
    build: () => {
      const { b, x } = sketch();
      return classify(b, b.op('Concat', [x, conv3(b, x, 'a', 4)], { axis: 1 }));
    },
    groups: ['4: a'],
  },
  'flatten and dense': {
    build: () => {
      const { b, x } = sketch();
      const pooled = b.op('MaxPool', [conv3(b, x, 'a', 4)], { kernel_shape: [2, 2], strides: [2, 2] });
      const hidden = b.op('Relu', [fullyConnected(b, b.op('Flatten', [pooled], { axis: 1 }), 'hidden', 6)]);
      return b.build([fullyConnected(b, hidden, 'dense', 3)]);
    },
    groups: ['4: a', '6: hidden'],
  },
  'matrix product': {
    build: () => {
      const { b, x, w } = sketch();
      const features = b.op('Flatten', [b.op('GlobalAveragePool', [conv3(b, x, 'a', 4)])], { axis: 1 });
      const hidden = b.op('Add', [b.op('MatMul', [features, w('m', 4, 6)], {}, { name: 'hidden' }), w('bias', 6)]);
      return b.build([b.op('MatMul', [hidden, w('n', 6, 3)], {}, { name: 'last' })]);
    },
    groups: ['4: a', '6: hidden'],
  },
  'broadcast vectors and gates': {
    build: () => {
      const { b, x, w } = sketch();
      const scaled = b.op('Mul', [conv3(b, x, 'a', 4), w('v', 4, 1, 1)]);
      const gated = b.op('Mul', [scaled, conv3(b, x, 'gate', 1)]);
      return classify(b, b.op('Add', [gated, b.op('GlobalAveragePool', [conv3(b, x, 'squeeze', 4)])]));
    },
    groups: ['4: a squeeze'],
  },
  'one weight used twice': {
    build: () => {
      const { b, x, w } = sketch();
      const shared = w('shared', 4, 4, 1, 1);
      const a = conv3(b, x, 'a', 4);
      const c = conv3(b, x, 'c', 4);
      const twice = [a, c].map((value, i) => b.op('Conv', [value, shared], { kernel_shape: [1, 1] }, { name: `twice${i}` }));
      return classify(b, b.op('Concat', twice, { axis: 1 }));
    },
    groups: ['4: a c', '4: twice0 twice1'],
  },
  transpose: {
    build: () => {
      const { b, x, w } = sketch();
      const last = b.op('Transpose', [conv3(b, x, 'a', 4)], { perm: [0, 2, 3, 1] });
      const mixed = b.op('MatMul', [last, w('m', 4, 6)], {}, { name: 'mix' });
      return classify(b, b.op('Transpose', [mixed], { perm: [0, 3, 1, 2] }));
    },
    groups: ['4: a', '6: mix'],
  },
  'reshape, grouped convolution and softmax keep what they read': {
    build: () => {
      const { b, x } = sketch();
      const reshaped = b.op('Reshape', [conv3(b, x, 'a', 4), b.ints([1, 4, 4, 4])]);
      const grouped = conv3(b, conv3(b, reshaped, 'b', 4), 'grouped', 4, 2);
      const soft = b.op('Softmax', [conv3(b, grouped, 'c', 4)], { axis: 1 });
      return classify(b, conv3(b, soft, 'd', 5));
    },
    groups: ['5: d'],
  },
  'outputs keep their channels': {
    build: () => {
      const { b, x } = sketch();
      const features = conv3(b, x, 'a', 4);
      const graph = classify(b, conv3(b, features, 'b', 5));
      return { ...graph, outputs: [...graph.outputs, features] };
    },
    groups: ['5: b'],
  },
};

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
