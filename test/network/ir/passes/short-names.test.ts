import { describe, expect, it } from 'vitest';
import { encode } from '../../../../src/network/ir/bytes/encode.ts';
import { layersOf } from '../../../../src/network/ir/layers.ts';
import { shortNames } from '../../../../src/network/ir/passes/short-names.ts';
import { rebuild } from '../../../../src/network/ir/rebuild.ts';
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

  it('call a node, unless it is a layer, as what it gives, so that no node is called as a value of another', () => {
    const layers = layersOf(graph).map(({ name }) => name);
    for (const { name, outputs } of short.nodes) expect([...layers, outputs[0]]).toContain(name);
    // As the first of the short names, which a value would have had.
    const taken = shortNames(
      rebuild(graph, { nodes: graph.nodes.map((node) => (node.op === 'Gemm' ? { ...node, name: 'a' } : node)) }),
    );
    expect(Object.keys(taken.types)).not.toContain('a');
  });

  it('save bytes', () => {
    expect(encode(short).length).toBeLessThan(encode(graph).length - 1000);
  });
});
