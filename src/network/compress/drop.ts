import { readsOf } from '../ir/bodies.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { show } from '../ir/graph.ts';
import { layersOf } from '../ir/layers.ts';
import { deadCode } from '../ir/passes/dead-code.ts';
import { readersOf, rebuild } from '../ir/rebuild.ts';
import { residualBranches } from './residual.ts';
import { defineTechnique } from './technique.ts';

/**
 * Layer pruning: whole layers leave the network, where their input can stand in for their output. A residual branch goes
 * and its shortcut stays (Veit et al. 2016, Residual Networks Behave Like Ensembles of Relatively Shallow Networks); a
 * layer that keeps the shape of what it reads is passed by.
 */
export const drop = defineTechnique({
  name: 'drop',
  summary: 'Leave out whole residual branches, and single layers that keep the shape of their input.',
  stage: 'architecture',
  knobs: {
    use: { kind: 'choice', values: [true, false], default: true, off: true, summary: 'Whether the layers stay.' },
  },
  sites: (graph) => detours(graph).map(({ layers }) => ({ name: layers[0]!, layers })),
  rewrite: (graph, settings) =>
    detours(graph)
      .filter(({ layers }) => settings[layers[0]!])
      .reduce((current, { around }) => around(current), graph),
});

/** A way around layers. */
export interface Detour {
  /** The layers that nothing reads any more, in the order in which they run. */
  readonly layers: readonly string[];
  /** Whether they are a branch, whose shortcut stays; else a layer that is passed by. */
  readonly isBranch: boolean;
  /** The value that they end in. */
  readonly output: string;
  /** The graph without them. Others may have been taken before. */
  readonly around: (graph: Graph) => Graph;
}

const known = new WeakMap<Graph, readonly Detour[]>();

/** All ways around layers that exclude none of the others: first around branches, inner ones first; then around layers. */
export function detours(graph: Graph): readonly Detour[] {
  const before = known.get(graph);
  if (before) return before;
  const taken = new Set<string>();
  const found: Detour[] = [];
  for (const detour of [...branches(graph), ...singleLayers(graph)]) {
    if (detour.layers.length === 0 || detour.layers.some((layer) => taken.has(layer))) continue;
    for (const layer of detour.layers) taken.add(layer);
    found.push(detour);
  }
  const position = new Map(layersOf(graph).map(({ name }, i) => [name, i]));
  const inOrder = found.sort((a, b) => position.get(a.layers[0]!)! - position.get(b.layers[0]!)!);
  known.set(graph, inOrder);
  return inOrder;
}

/** Around residual branches. */
const branches = (graph: Graph): readonly Detour[] =>
  residualBranches(graph).map(({ joint, stays }) => detourOf(graph, joint, true, (node) => node.inputs[stays]!));

/**
 * Layers whose output, after BatchNormalization where there is one, has the shape of their input. The first layer stays,
 * since the shape of the input is not the model's own, and so does the last, which makes the decision.
 */
function singleLayers(graph: Graph): readonly Detour[] {
  const readers = readersOf(graph);
  const ends = new Set([...graph.inputs.map(({ name }) => name), ...graph.outputs]);
  return layersOf(graph).flatMap(({ node }) => {
    const [next, ...others] = readers.get(node.outputs[0]!) ?? [];
    const last = next?.op === 'BatchNormalization' && others.length === 0 ? next : node;
    const [from, to] = [node.inputs[0]!, last.outputs[0]!];
    if (!sameShape(graph, from, to) || ends.has(from) || ends.has(to)) return [];
    const input = (_: Node, current: Graph) => current.nodes.find(({ name }) => name === node.name)!.inputs[0]!;
    return [detourOf(graph, last, false, input)];
  });
}

const sameShape = ({ types }: Graph, a: string, b: string) => show(types[a]!.shape) === show(types[b]!.shape);

/** The way around a node, whose output is replaced by a value before it. */
function detourOf(graph: Graph, { name, outputs }: Node, isBranch: boolean, by: (node: Node, graph: Graph) => string): Detour {
  const around = (current: Graph) => {
    const node = current.nodes.find((each) => each.name === name);
    return node ? withoutNode(current, node, by(node, current)) : current;
  };
  const [output] = outputs as [string];
  const node = graph.nodes.find((each) => each.name === name)!;
  return { layers: unread(graph, output, by(node, graph)), isBranch, output, around };
}

/** The layers that nothing reads once `value` stands for `output`. */
function unread(graph: Graph, output: string, value: string): readonly string[] {
  const swap = (name: string) => (name === output ? value : name);
  const needed = new Set(graph.outputs.map(swap));
  const lost = new Set(graph.nodes.map(({ name }) => name));
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((each) => needed.has(each))) continue;
    lost.delete(node.name);
    for (const read of readsOf(node)) needed.add(swap(read));
  }
  return layersOf(graph).flatMap(({ name }) => (lost.has(name) ? [name] : []));
}

/** An output of the graph keeps its name, as a copy of the value. */
function withoutNode(graph: Graph, node: Node, value: string): Graph {
  const [output] = node.outputs as [string];
  const swap = (name: string) => (name === output ? value : name);
  const isOutput = graph.outputs.includes(output);
  const copy: Node = { ...node, op: 'Identity', inputs: [value], attributes: {} };
  const nodes = graph.nodes.flatMap((each) => {
    if (each === node) return isOutput ? [copy] : [];
    return [{ ...each, inputs: each.inputs.map(swap) }];
  });
  return deadCode(rebuild(graph, { nodes }));
}
