/**
 * onnxruntime's blocked layout (com.microsoft.nchwc), which it makes for itself where weights are constant, written for
 * weights that are trained. Activations stay blocked from node to node; a node without a rule, or one that its rule declines,
 * runs on plain values. Weights are turned into blocks inside of the graph and their gradients back, so that theta keeps the
 * layout that everyone else knows.
 *
 * The layout is internal to onnxruntime: it is used only where its block has the size that is expected and a train step gives
 * what the portable lowering gives (engine/select).
 */
import { Builder } from '../../../ir/builder.ts';
import type { Graph, Node } from '../../../ir/graph.ts';
import { expand, expandNode } from '../expand.ts';
import type { Lowering } from '../lowering.ts';
import { emissions } from '../portable/index.ts';
import { conv } from './convolution.ts';
import { elementwise, elementwiseOps, pRelu } from './elementwise.ts';
import { add, clip, relu } from './fusion.ts';
import { convInputGrad } from './input-grad.ts';
import { concat, split } from './joining.ts';
import { Layouts, type Result } from './layouts.ts';
import { batchNormGrad, batchNormTrain } from './normalization.ts';
import { averagePoolGrad, expandPlanes, globalAveragePool, maxPoolGrad, pool } from './pooling.ts';
import { fakeQuant, fakeQuantGrad } from './quantization.ts';
import { reduceSum } from './reduction.ts';
import type { Rule } from './rule.ts';
import { convWeightGrad } from './weight-grad.ts';

/** By domain and op. To add one: its rule in the file of its family, a line here. */
const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(elementwiseOps.map((op) => [`:${op}`, elementwise])),
  ':Add': add,
  ':Relu': relu,
  ':Clip': clip,
  ':PRelu': pRelu,
  ':Conv': conv,
  ':MaxPool': pool,
  ':AveragePool': pool,
  ':GlobalAveragePool': globalAveragePool,
  ':Expand': expandPlanes,
  ':ReduceSum': reduceSum,
  ':Concat': concat,
  ':Split': split,
  'espalier:ConvInputGrad': convInputGrad,
  'espalier:ConvWeightGrad': convWeightGrad,
  'espalier:BatchNormTrain': batchNormTrain,
  'espalier:BatchNormGrad': batchNormGrad,
  'espalier:MaxPoolGrad': maxPoolGrad,
  'espalier:AveragePoolGrad': averagePoolGrad,
  'espalier:FakeQuant': fakeQuant,
  'espalier:LearnedFakeQuant': fakeQuant,
  'espalier:FakeQuantGrad': fakeQuantGrad,
};

/** The lowering for processors on which onnxruntime's blocks have `block` channels: 16 with AVX-512, 8 with AVX2. */
export const blocked = (block: number): Lowering => ({
  name: `blocked${block}`,
  summary: `onnxruntime's own layout in blocks of ${block} channels`,
  devices: ['cpu'],
  // Loaded when it is asked: whoever only wants to know which lowerings there are need not load onnxruntime.
  unfit: async () => (await import('./probe.ts')).unfit(block),
  lower: (graph) => lowerBlocked(graph, block),
});

function lowerBlocked(source: Graph, block: number): Graph {
  const graph = expand(source, emissions, (node) => rules[`espalier:${node.op}`] === undefined);
  const b = new Builder(graph.name);
  for (const { name, type } of graph.inputs) b.input(name, type);
  for (const [name, tensor] of Object.entries(graph.initializers)) b.initializer(name, tensor);
  const layouts = new Layouts(b, block, graph);
  for (const node of graph.nodes) {
    b.scope = `${node.name}/low/`;
    const results = rules[`${node.domain}:${node.op}`]?.({ b, layouts, node });
    if (results) define(layouts, node, results);
    else lowerPlain(layouts, node);
  }
  for (const output of graph.outputs) layouts.plain(output);
  return b.build(graph.outputs);
}

function define(layouts: Layouts, node: Node, results: readonly Result[]): void {
  node.outputs.forEach((output, i) => {
    if (output !== '') layouts.define(output, results[i]!);
  });
}

function lowerPlain(layouts: Layouts, node: Node): void {
  const { b } = layouts;
  for (const input of node.inputs) layouts.plain(input);
  if (node.domain === 'espalier') expandNode(b, node, emissions);
  else b.add(node);
}
