import { describe, expect, it } from 'vitest';
import { gradient } from '../../../../src/network/autodiff/gradient.ts';
import { openSession } from '../../../../src/network/engine/session.ts';
import { bodiesOf } from '../../../../src/network/ir/bodies.ts';
import { Builder } from '../../../../src/network/ir/builder.ts';
import { decode } from '../../../../src/network/ir/bytes/decode.ts';
import { encode } from '../../../../src/network/ir/bytes/encode.ts';
import { encodedLength } from '../../../../src/network/ir/bytes/length.ts';
import type { Graph } from '../../../../src/network/ir/graph.ts';
import { macs, parameterCount } from '../../../../src/network/ir/macs.ts';
import { deadCode } from '../../../../src/network/ir/passes/dead-code.ts';
import { foldBatchNorm } from '../../../../src/network/ir/passes/fold-batchnorm.ts';
import { lazy } from '../../../../src/network/ir/passes/lazy.ts';
import { shortNames } from '../../../../src/network/ir/passes/short-names.ts';
import { withBatch } from '../../../../src/network/ir/passes/with-batch.ts';
import { print } from '../../../../src/network/ir/print.ts';
import { rebuild } from '../../../../src/network/ir/rebuild.ts';
import { verify } from '../../../../src/network/ir/verify.ts';
import { relativeError } from '../../../fixtures/compression.ts';
import { conv3, fullyConnected, images, norm, sketch } from '../../../fixtures/graphs.ts';
import { interpret } from '../../../fixtures/interpreter.ts';

/** Two choices, one behind the other: each by whether a mean is above a threshold. The later ways hold Reshape, BatchNormalization. */
function choosing(first: number, second: number): Graph {
  const { b, x } = sketch();
  const a = b.op('Relu', [conv3(b, x, 'a', 4)], {}, { name: 'a.relu' });
  const early = fullyConnected(b, features(b, a), 'early', 5);
  const c = b.op('Relu', [norm(b, conv3(b, a, 'c', 6), 'c.bn')], {}, { name: 'c.relu' });
  const middle = fullyConnected(b, features(b, c), 'middle', 5);
  const last = b.op('Reshape', [conv3(b, c, 'd', 2), b.ints([1, 32])]);
  const late = fullyConnected(b, last, 'late', 5);
  const inner = b.op('Where', [above(b, c, second), middle, late], {}, { name: 'inner' });
  return b.build([b.op('Where', [above(b, a, first), early, inner], {}, { name: 'outer' })]);
}

const features = (b: Builder, x: string) => b.op('Flatten', [b.op('GlobalAveragePool', [x])], { axis: 1 });

const above = (b: Builder, x: string, threshold: number) =>
  b.op('Greater', [b.op('ReduceMean', [x], { keepdims: 0 }), b.scalar(threshold)]);

const [never, always] = [1e9, -1];
const both = (graph: Graph) => lazy(lazy(graph, 'inner'), 'outer');
const run = (graph: Graph) => interpret(graph, { x: Float64Array.from(images(graph, 'lazy')) });

describe.each([
  ['the first way', always, always, 1],
  ['the second', never, always, 2],
  ['the last', never, never, 3],
])('a graph with lazy choices goes %s', (_, first, second, convolutions) => {
  const graph = choosing(first, second);
  const result = shortNames(foldBatchNorm(both(graph)));
  const output = result.outputs[0]!;

  it('is valid, and gives what the graph without them gives', () => {
    verify(result);
    expect(relativeError(run(result)[output]!.data, run(graph)['outer']!.data)).toBeLessThan(1e-5);
  });

  it('runs what is needed on onnxruntime, and no more', async () => {
    const session = await openSession(encode(both(graph)), { profile: true });
    const x = { dtype: 'float32', shape: graph.inputs[0]!.type.shape, data: images(graph, 'lazy') } as const;
    const { outer } = await session.run({ x });
    const kernels = (await session.endProfiling()).map(({ op }) => op);
    await session.release();
    const count = (op: string) => kernels.filter((each) => each === op).length;
    expect([count('Conv'), count('Gemm')]).toEqual([convolutions, 1]);
    const wanted = run(graph)['outer']!.data;
    expect(relativeError(outer!.data as Float32Array, wanted)).toBeLessThan(1e-5);
  });
});

describe('a graph with bodies', () => {
  const graph = both(choosing(0, 0));

  it('is printed with them', () => {
    const { b, x } = sketch();
    const small = b.build([b.op('Where', [above(b, x, 0), b.op('Neg', [x]), x], {}, { name: 'y' })]);
    expect(print(lazy(small, 'y'))).toMatchInlineSnapshot(`
      "sketch(%x: f32[1,3,4,4]) {
        const %const0: f32[] = [0]
        %ReduceMean: f32[] = ReduceMean(%x) {keepdims=0}
        %Greater: bool[] = Greater(%ReduceMean, %const0)
        %y: f32[1,3,4,4] = If(%Greater) {then_branch=y.then, else_branch=y.else}
          y.then() {
            %Neg: f32[1,3,4,4] = Neg(%x)
            return %Neg
          }
          y.else() {
            %y.else/value: f32[1,3,4,4] = Identity(%x)
            return %y.else/value
          }
        return %y
      }"
    `);
  });

  it('keeps weights where they are used, and counts them once', () => {
    const [outer] = graph.nodes.filter((node) => bodiesOf(node).length > 0);
    expect(Object.keys(graph.initializers).filter((name) => name.endsWith('weight'))).toEqual(['a.weight']);
    expect(bodiesOf(outer!).map(({ nodes }) => nodes.some(({ op }) => op === 'If'))).toEqual([false, true]);
    expect(parameterCount(graph)).toBe(parameterCount(choosing(0, 0)));
  });

  it('costs what its dearest way costs', () => {
    const { total, byNode } = macs(graph);
    const of = (...names: string[]) => names.reduce((sum, name) => sum + byNode[name]!, 0);
    expect(total).toBe(of('a', 'c') + Math.max(of('middle'), of('d', 'late')));
  });

  it('survives the file at any batch size, and its length is foreseen', () => {
    for (const options of [{}, { symbolicBatch: 'N' }]) {
      const bytes = encode(graph, options);
      expect(encodedLength(graph, options)).toBe(bytes.length);
      expect(encode(decode(bytes), options)).toEqual(bytes);
    }
    const wide = withBatch(graph, 3);
    verify(wide);
    expect(wide.types['outer']!.shape).toEqual([3, 5]);
    expect(run(withBatch(wide, 1))['outer']).toEqual(run(graph)['outer']);
  });

  it('loses what its bodies do not need', () => {
    const withDead = rebuild(graph, {
      nodes: graph.nodes.map((node) => (node.op === 'If' ? { ...node, attributes: withDeadNode(node.attributes) } : node)),
    });
    expect(print(withDead)).not.toBe(print(graph));
    expect(deadCode(withDead)).toEqual(graph);
  });

  it('is no graph to train', () => {
    const b = Builder.from(graph);
    const loss = b.op('ReduceSum', ['outer'], { keepdims: 0 });
    expect(() => gradient(b, loss, ['a.weight'])).toThrow(/node "outer": the op If has no gradient/);
  });

  it.each<[string, RegExp, (body: Graph) => Graph]>([
    ['reads what is not there', /reads "nowhere", which is not defined before it/, (body) => reading(body, 'nowhere')],
    [
      'defines a name again',
      /defines "a" a second time/,
      (body) => ({ ...body, nodes: [...body.nodes, { ...body.nodes[0]!, name: 'n', outputs: ['a'] }] }),
    ],
    [
      'has inputs',
      /a body of node "outer", has inputs/,
      (body) => ({ ...body, inputs: [{ name: 'z', type: graph.types['x']! }] }),
    ],
    [
      'notes a wrong type',
      /is noted as float32\[9\]/,
      (body) => ({ ...body, types: { ...body.types, [body.outputs[0]!]: { dtype: 'float32', shape: [9] } } }),
    ],
  ])('is invalid where a body %s', (_, message, change) => {
    const nodes = graph.nodes.map((node) => {
      const branch = node.attributes['then_branch'];
      if (branch?.kind !== 'graph') return node;
      return {
        ...node,
        attributes: { ...node.attributes, then_branch: { kind: 'graph' as const, value: change(branch.value) } },
      };
    });
    expect(() => verify({ ...graph, nodes })).toThrow(message);
  });

  it('is refused where its branches do not fit each other, or the condition is no bool', () => {
    const { b, x } = sketch();
    const other = new Builder('other', b);
    const then = other.build([other.op('Flatten', [x])]);
    const branches = { then_branch: { kind: 'graph', value: then }, else_branch: { kind: 'graph', value: inner(b, x) } } as const;
    expect(() => b.op('If', [above(b, x, 0)], branches)).toThrow(/branches give float32\[1,48\] and float32\[1,3,4,4\]/);
    expect(() => b.op('If', [x], branches)).toThrow(/expected one bool/);
    expect(() => lazy(graph, 'nowhere')).toThrow(/no Where "nowhere"/);
  });
});

const inner = (b: Builder, x: string): Graph => {
  const body = new Builder('inner', b);
  return body.build([body.op('Neg', [x])]);
};

const reading = (body: Graph, name: string): Graph => ({
  ...body,
  nodes: body.nodes.map((node, i) => (i === 0 ? { ...node, inputs: [name] } : node)),
});

function withDeadNode(attributes: Graph['nodes'][number]['attributes']): typeof attributes {
  const { then_branch: branch } = attributes;
  if (branch?.kind !== 'graph') return attributes;
  const dead = { op: 'Relu', domain: '', name: 'dead', inputs: ['a.relu'], outputs: ['dead'], attributes: {} };
  return { ...attributes, then_branch: { kind: 'graph', value: { ...branch.value, nodes: [...branch.value.nodes, dead] } } };
}
