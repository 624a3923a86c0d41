import type { Graph } from '../../ir/graph.ts';
import { layersOf, wholeOf } from '../../ir/layers.ts';

/** A place where images can leave: an activation [N, C, H, W] that all that comes after it follows from. */
export interface ExitPoint {
  /** Of the first of its layers. */
  readonly name: string;
  /** The layers since the last such place, in the order in which they run. */
  readonly layers: readonly string[];
  readonly value: string;
}

const known = new WeakMap<Graph, readonly ExitPoint[]>();

/**
 * In the order in which images meet them. None before the first layer, nor where only the last one is left: it answers
 * itself. Of several places between the same layers the last: behind BatchNormalization and activation.
 */
export function exitPoints(graph: Graph): readonly ExitPoint[] {
  const found = known.get(graph) ?? pointsOf(graph);
  known.set(graph, found);
  return found;
}

function pointsOf(graph: Graph): ExitPoint[] {
  const layers = layersOf(graph).map(({ name }) => name);
  const onTheWay = needed(graph);
  const main = layers.filter((name) => onTheWay.has(name));
  if (graph.types[graph.outputs[0]!]!.shape.length !== 2) return [];
  const byCount = new Map<number, string>();
  for (const { value, passed } of narrows(graph, onTheWay)) {
    const { dtype, shape } = graph.types[value]!;
    const count = main.filter((name) => passed.has(name)).length;
    if (shape.length === 4 && dtype === 'float32' && count > 0 && count < main.length - 1) byCount.set(count, value);
  }
  let before = 0;
  return [...byCount].map(([count, value]) => {
    const own = main.slice(before, count);
    before = count;
    return { name: wholeOf(own[0]!), layers: own, value };
  });
}

/** Names of the nodes that the answer, the first output, takes. */
function needed(graph: Graph): ReadonlySet<string> {
  const values = new Set([graph.outputs[0]!]);
  const nodes = graph.nodes.toReversed().filter((node) => {
    const used = node.outputs.some((output) => values.has(output));
    if (used) for (const input of node.inputs) values.add(input);
    return used;
  });
  return new Set(nodes.map(({ name }) => name));
}

interface Narrow {
  readonly value: string;
  /** The nodes before it. */
  readonly passed: ReadonlySet<string>;
}

/** The activations that are, once computed, all that is read later. */
function narrows(graph: Graph, onTheWay: ReadonlySet<string>): Narrow[] {
  const nodes = graph.nodes.filter(({ name }) => onTheWay.has(name));
  const lastRead = new Map<string, number>();
  nodes.forEach(({ inputs }, i) => {
    for (const input of inputs) lastRead.set(input, i);
  });
  const activations = new Set(graph.inputs.map(({ name }) => name));
  const passed = new Set<string>();
  return nodes.flatMap(({ name, inputs, outputs }, i) => {
    passed.add(name);
    if (inputs.some((input) => activations.has(input))) for (const output of outputs) activations.add(output);
    for (const value of activations) if ((lastRead.get(value) ?? -1) <= i) activations.delete(value);
    const [value, ...others] = activations;
    return value !== undefined && others.length === 0 && outputs.includes(value) ? [{ value, passed: new Set(passed) }] : [];
  });
}
