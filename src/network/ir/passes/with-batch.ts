import { NasError } from '../../../core/errors.ts';
import { allNodes, allTypes, mapBodies } from '../bodies.ts';
import { Builder } from '../builder.ts';
import type { Graph, GraphInput, Node, Shape } from '../graph.ts';
import { elementCount, show } from '../graph.ts';
import { opEntry } from '../ops/index.ts';
import { toNumbers } from '../ops/support/shapes.ts';
import { deadCode } from './dead-code.ts';

/**
 * The same network for another batch size: the first dimension of every input becomes `batch`, all types are
 * inferred anew, and the shapes that Reshape and Expand hold as constants follow.
 *
 * @throws NasError IR_BATCH where a value does not keep the batch as its first dimension, so that the network cannot
 * be shown to treat its samples one by one.
 */
export function withBatch(graph: Graph, batch: number): Graph {
  const before = batchOf(graph);
  if (before === batch) return graph;
  const inputs = graph.inputs.map(({ name, type }) => ({ name, type: { ...type, shape: [batch, ...type.shape.slice(1)] } }));
  const types = allTypes(graph);
  const result = rewriteShapes(graph, inputs, before, (b, data, first) => {
    const isBatch = first === before && show(b.shape(data)) !== show(types[data]!.shape);
    return isBatch ? batch : first;
  });
  const found = allTypes(result);
  for (const node of allNodes(graph)) {
    checkStaysTogether(node, { before, types, found });
    for (const output of node.outputs) {
      if (output !== '') checkFollows(node, output, { before, batch, types, found, first: graph.outputs.includes(output) });
    }
  }
  return deadCode(result);
}

/**
 * The same graph without a constant that holds the batch size, so that its bytes run at any: where a shape begins
 * with the batch, that size is taken over from the data instead. @throws NasError IR_BATCH where that cannot be.
 */
export function freeBatch(graph: Graph): Graph {
  const before = batchOf(graph);
  const types = allTypes(withBatch(graph, before + 1));
  const result = rewriteShapes(graph, graph.inputs, before, (b, data, first, node) => {
    if (first !== before || !types[data] || show(types[data].shape) === show(b.shape(data))) return first;
    if (b.shape(data)[0] !== before) throw refusal(node, before, `its shape begins with ${before}, that of its input does not`);
    return opEntry(node).shapeInput!.keep;
  });
  return deadCode(result);
}

function batchOf(graph: Graph): number {
  const batch = graph.inputs[0]?.type.shape[0];
  if (batch === undefined) throw new NasError('IR_BATCH', `graph "${graph.name}" has no input with a batch dimension`);
  return batch;
}

/** From the first size of a node's shape constant to the one it shall have; `data` is the node's input 0. */
type Rewrite = (b: Builder, data: string, first: number, node: Node) => number;

/** The graph with other inputs and shape constants, every type inferred anew. */
function rewriteShapes(graph: Graph, inputs: readonly GraphInput[], before: number, rewrite: Rewrite): Graph {
  const b = new Builder(graph.name);
  for (const { name, type } of inputs) b.input(name, type);
  return rewriteInto(b, graph, before, rewrite);
}

/** `b` has the inputs, or sees what is around a body. */
function rewriteInto(b: Builder, graph: Graph, before: number, rewrite: Rewrite): Graph {
  for (const [name, tensor] of Object.entries(graph.initializers)) b.initializer(name, tensor);
  for (const node of graph.nodes) {
    if (node.domain === 'espalier' && !opEntry(node).perSample) throw refusal(node, before, 'it belongs to a training graph');
    try {
      const rewritten = withShape(b, graph, node, rewrite);
      b.add(mapBodies(rewritten, (body) => rewriteInto(new Builder(body.name, b), body, before, rewrite)));
    } catch (error) {
      throw error instanceof NasError && error.code !== 'IR_BATCH' ? refusal(node, before, error.message, error) : error;
    }
  }
  return b.finish(graph.outputs);
}

function withShape(b: Builder, graph: Graph, node: Node, rewrite: Rewrite): Node {
  const index = opEntry(node).shapeInput?.index ?? -1;
  const constant = graph.initializers[node.inputs[index] ?? ''];
  if (!constant || constant.data.length === 0) return node;
  const [first, ...rest] = toNumbers(constant) as [number, ...number[]];
  const size = rewrite(b, node.inputs[0]!, first, node);
  return size === first ? node : { ...node, inputs: node.inputs.with(index, b.ints([size, ...rest])) };
}

interface Growth {
  readonly before: number;
  readonly batch: number;
  /** Of all values, before and now. */
  readonly types: Graph['types'];
  readonly found: Graph['types'];
  /** Whether the batch must be the first dimension: so others expect it of what a graph gives. */
  readonly first: boolean;
}

/** A value keeps its shape, or one of its dimensions grows as the batch does (the first one, unless it was turned). */
function checkFollows(node: Node, value: string, { before, batch, types, found, first }: Growth): void {
  const [old, now] = [types[value]!.shape, found[value]!.shape];
  const other = first ? 0 : now.findIndex((size, axis) => size !== old[axis]);
  const grown: Shape = old.map((size, axis) => (axis === other ? (size / before) * batch : size));
  if (show(now) !== show(old) && show(now) !== show(grown)) {
    throw refusal(node, before, `"${value}" of shape ${show(old)} would become ${show(now)}`);
  }
}

const reshaping: ReadonlySet<string> = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

/** Numbers that are only told apart otherwise keep their order: an image stays in one piece where as much stands before it as did. */
function checkStaysTogether(node: Node, { before, types, found }: Pick<Growth, 'before' | 'types' | 'found'>): void {
  if (node.domain !== '' || !reshaping.has(node.op)) return;
  const [from, to] = [node.inputs[0]!, node.outputs[0]!].map((value) => {
    const [old, now] = [types[value]!.shape, found[value]!.shape];
    const axis = now.findIndex((size, i) => size !== old[i]);
    return axis < 0 ? undefined : elementCount(old.slice(0, axis));
  });
  if (from !== to) throw refusal(node, before, 'it mixes what belongs to different images');
}

function refusal(node: Node, before: number, reason: string, cause?: unknown): NasError {
  const message = `node "${node.name}" (${node.op}) ties the graph to the batch size ${before}: ${reason}`;
  return new NasError('IR_BATCH', message, {
    facts: { node: node.name, op: node.op, before },
    ...(cause === undefined ? {} : { cause }),
  });
}
