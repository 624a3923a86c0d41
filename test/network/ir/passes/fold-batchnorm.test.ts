import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../../src/network/ir/graph.ts';
import { foldBatchNorm } from '../../../../src/network/ir/passes/fold-batchnorm.ts';
import { verify } from '../../../../src/network/ir/verify.ts';
import { relativeError } from '../../../fixtures/compression.ts';
import { classify, conv3, images, norm, sketch, trainedResnet } from '../../../fixtures/graphs.ts';
import { interpret } from '../../../fixtures/interpreter.ts';

const ops = (graph: Graph) => graph.nodes.map(({ op }) => op);

function expectSameValues(graph: Graph): Graph {
  const folded = foldBatchNorm(graph);
  verify(folded);
  const feeds = { x: Float64Array.from(images(graph, 'fold')) };
  const [before, after] = [interpret(graph, feeds), interpret(folded, feeds)];
  // Every value that is left means what it meant, not only the outputs.
  for (const node of folded.nodes) {
    for (const name of node.outputs) expect(relativeError(after[name]!.data, before[name]!.data)).toBeLessThan(1e-6);
  }
  return folded;
}

describe('folding BatchNormalization', () => {
  it('leaves none in a ResNet, whose values stay the same', () => {
    const folded = expectSameValues(trainedResnet({ blocks: [1, 1], widths: [3, 4] }, [1, 5, 5]));
    expect(ops(folded)).not.toContain('BatchNormalization');
    expect(Object.keys(folded.initializers).filter((name) => name.includes('.bn'))).toEqual([]);
    expect(folded.nodes[0]).toMatchObject({ name: 'stem', inputs: ['x', 'stem.weight', 'stem.bias'], outputs: ['stem.bn'] });
  });

  it('folds into a Conv with a bias, and into a depthwise one', () => {
    const { b, x } = sketch();
    const folded = expectSameValues(classify(b, norm(b, conv3(b, norm(b, conv3(b, x, 'a', 4), 'n'), 'dw', 4, 4), 'm')));
    expect(ops(folded)).toEqual(['Conv', 'Conv', 'GlobalAveragePool', 'Flatten', 'Gemm']);
  });

  it('gives a weight that two layers share a folded copy each', () => {
    const { b, x, w } = sketch();
    const weight = w('shared', 4, 3, 1, 1);
    const twice = ['a', 'c'].map((layer) =>
      norm(b, b.op('Conv', [x, weight], { kernel_shape: [1, 1] }, { name: layer }), `${layer}.n`),
    );
    const folded = expectSameValues(classify(b, b.op('Add', twice)));
    expect(Object.keys(folded.initializers)).toEqual(expect.arrayContaining(['a.weight', 'c.weight', 'a.bias', 'c.bias']));
  });

  it.each([
    ['after no Conv', (b, x) => norm(b, x, 'n')],
    [
      'where the Conv is read elsewhere',
      (b, x) => {
        const y = conv3(b, x, 'a', 4);
        return b.op('Add', [norm(b, y, 'n'), y]);
      },
    ],
    ['behind a Relu', (b, x) => b.op('Add', [norm(b, b.op('Relu', [conv3(b, x, 'a', 4)]), 'n'), conv3(b, x, 'c', 4)])],
  ] satisfies [string, (b: ReturnType<typeof sketch>['b'], x: string) => string][])('stays %s', (_, make) => {
    const { b, x } = sketch();
    expect(ops(expectSameValues(classify(b, make(b, x))))).toContain('BatchNormalization');
  });

  it('stays where the Conv is an output of the graph', () => {
    const { b, x } = sketch();
    const y = conv3(b, x, 'a', 4);
    const graph = classify(b, norm(b, y, 'n'));
    expect(ops(expectSameValues({ ...graph, outputs: [...graph.outputs, y] }))).toContain('BatchNormalization');
  });
});
