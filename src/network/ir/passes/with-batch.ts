import { NasError } from '../../../core/errors.ts';
import { allNodes, allTypes, mapBodies } from '../bodies.ts';
import { Builder } from '../builder.ts';
import type { Graph, GraphInput, Node, Shape } from '../graph.ts';
import { show } from '../graph.ts';
import { opEntry } from '../ops/index.ts';
import { readInt } from '../ops/support/attributes.ts';
import { toNumbers } from '../ops/support/shapes.ts';
import { BatchPlaces } from './batch-places.ts';
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
  const places = new BatchPlaces(types, before);
  const result = rewriteShapes(graph, inputs, before, {
    resized(b, wanted, node) {
      const found = b.shape(node.inputs[0]!);
      const ahead = places.before(node.inputs[0]!, found);
      if (ahead === undefined) return wanted;
      const grown = places.axisOf(node.inputs[0]!, found);
      const resizing = { node, places, ahead, before, batch, shape: types[node.inputs[0]!]!.shape, grown };
      return atBatch(wanted, types[node.outputs[0]!]!.shape, resizing);
    },
    added(b, node) {
      const reason = places.follow(node, (value) => b.shape(value));
      if (reason !== undefined) throw refusal(node, before, reason);
    },
  });
  const found = allTypes(result);
  for (const node of allNodes(graph)) {
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
  const result = rewriteShapes(graph, graph.inputs, before, {
    resized(b, wanted, node) {
      const data = node.inputs[0]!;
      const [first, ...rest] = wanted;
      if (first !== before || !types[data] || show(types[data].shape) === show(b.shape(data))) return wanted;
      const { keep } = opEntry(node).shapeInput!;
      if (b.shape(data)[0] === before || first === keep) return [keep, ...rest];
      if (node.op === 'Reshape' && !rest.includes(-1)) return [-1, ...rest];
      throw refusal(node, before, `its shape begins with ${before}, that of its input does not`);
    },
  });
  return deadCode(result);
}

interface Resizing {
  readonly node: Node;
  readonly places: BatchPlaces;
  /** Numbers that stand before the batch in the data. */
  readonly ahead: number;
  readonly before: number;
  readonly batch: number;
  /** Of the data, and which dimension holds the batch. */
  readonly shape: Shape;
  readonly grown: number;
}

/** A shape constant for another batch size. `old`: what it came to. Where the batch is not the first dimension alone, it is left open. */
function atBatch(wanted: Shape, old: Shape, { node, places, ahead, before, batch, shape, grown }: Resizing): Shape {
  // Expand takes over what it does not stretch: here the parts of all images.
  if (node.op === 'Expand' && shape[grown] !== before) return wanted.with(grown + wanted.length - shape.length, 1);
  if (wanted[0] === before && ahead === 1) return [batch, ...wanted.slice(1)];
  // Of one image, dimensions of 1 cannot be told from the batch: what is open is it.
  if (node.op !== 'Reshape' || (before === 1 && wanted.includes(-1))) return wanted;
  const found = places.axisIn(old, ahead);
  // Of one image, rows of all tokens, [L·N, E], look like [L, N·E]. What lies behind the batch in one piece, or as it was, are rows.
  const behind = old.slice(found);
  const isWhole = behind.length === 1 || show(behind) === show(shape.slice(grown + 1));
  const isRows = before === 1 && found > 0 && behind[0] !== 1 && isWhole;
  const axis = isRows ? found - 1 : found;
  const isOpen = wanted[axis] === -1 || (wanted[axis] === 0 && !readInt(node, 'allowzero', 0));
  return axis < 0 || isOpen ? wanted : old.with(axis, -1);
}

function batchOf(graph: Graph): number {
  const batch = graph.inputs[0]?.type.shape[0];
  if (batch === undefined) throw new NasError('IR_BATCH', `graph "${graph.name}" has no input with a batch dimension`);
  return batch;
}

interface Rewrite {
  /** From a node's shape constant to the one it shall have. */
  resized(b: Builder, wanted: Shape, node: Node): Shape;
  /** A node of the graph before is there now, rewritten. */
  added?(b: Builder, node: Node): void;
}

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
      const rewritten = withShape(b, node, rewrite);
      b.add(mapBodies(rewritten, (body) => rewriteInto(new Builder(body.name, b), body, before, rewrite)));
      rewrite.added?.(b, node);
    } catch (error) {
      throw error instanceof NasError && error.code !== 'IR_BATCH' ? refusal(node, before, error.message, error) : error;
    }
  }
  return b.finish(graph.outputs);
}

function withShape(b: Builder, node: Node, rewrite: Rewrite): Node {
  const index = opEntry(node).shapeInput?.index ?? -1;
  // A body may hold it, or what is around the body.
  const constant = b.constantOf(node.inputs[index] ?? '');
  if (!constant || constant.data.length === 0) return node;
  const wanted = toNumbers(constant);
  const resized = rewrite.resized(b, wanted, node);
  if (show(resized) === show(wanted)) return node;
  return { ...node, attributes: withoutZeros(node, wanted), inputs: node.inputs.with(index, b.ints(resized)) };
}

/** Where a shape has no 0 it does not matter what one would stand for; in the new shape it stands for the size of the data. */
function withoutZeros({ attributes }: Node, wanted: Shape): Node['attributes'] {
  const { allowzero, ...others } = attributes;
  return allowzero && !wanted.includes(0) ? others : attributes;
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

function refusal(node: Node, before: number, reason: string, cause?: unknown): NasError {
  const message = `node "${node.name}" (${node.op}) ties the graph to the batch size ${before}: ${reason}`;
  return new NasError('IR_BATCH', message, {
    facts: { node: node.name, op: node.op, before },
    ...(cause === undefined ? {} : { cause }),
  });
}
