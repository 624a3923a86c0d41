import { describe, expect, it } from 'vitest';
import { encode } from '../../../../src/network/ir/bytes/encode.ts';
import { shortNames } from '../../../../src/network/ir/passes/short-names.ts';
import { verify } from '../../../../src/network/ir/verify.ts';
import { images, trainedResnet } from '../../../fixtures/graphs.ts';
import { interpret } from '../../../fixtures/interpreter.ts';

describe('short names', () => {
  const graph = trainedResnet({ blocks: [2, 2], widths: [3, 4] }, [1, 4, 4]);
  const short = shortNames(graph);

  it('keep the graph what it is', () => {
    verify(short);
    const feeds = { x: Float64Array.from(images(graph, 'names')) };
    expect(interpret(short, feeds)['logits']).toEqual(interpret(graph, feeds)['logits']);
  });

  it('keep inputs, outputs and layers, and have at most two letters otherwise', () => {
    expect([short.inputs, short.outputs]).toEqual([graph.inputs, graph.outputs]);
    expect(short.nodes.filter(({ op }) => op === 'Conv').map(({ name }) => name)).toContain('stage2.block1.shortcut');
    const values = Object.keys(short.types).filter((name) => name !== 'logits');
    const others = short.nodes.filter(({ op }) => op !== 'Conv' && op !== 'Gemm').map(({ name }) => name);
    expect([...values, ...others].filter((name) => name.length > 2)).toEqual([]);
  });

  it('save bytes', () => {
    expect(encode(short).length).toBeLessThan(encode(graph).length - 1000);
  });
});
