import { NasError } from '../../../core/errors.ts';
import { Builder } from '../builder.ts';
import type { Graph, Node, Shape } from '../graph.ts';
import { show } from '../graph.ts';
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
  const before = graph.inputs[0]?.type.shape[0];
  if (before === undefined) throw new NasError('IR_BATCH', `graph "${graph.name}" has no input with a batch dimension`);
  if (before === batch) return graph;
  const b = new Builder(graph.name);
  for (const { name, type } of graph.inputs) b.input(name, { dtype: type.dtype, shape: [batch, ...type.shape.slice(1)] });
  for (const [name, tensor] of Object.entries(graph.initializers)) b.initializer(name, tensor);
  for (const node of graph.nodes) addNode(b, graph, node, before, batch);
  return deadCode(b.build(graph.outputs));
}

function addNode(b: Builder, graph: Graph, node: Node, before: number, batch: number): void {
  const refuse = (reason: string, cause?: unknown) =>
    new NasError('IR_BATCH', `node "${node.name}" (${node.op}) ties the graph to the batch size ${before}: ${reason}`, {
      facts: { node: node.name, op: node.op, before, batch },
      ...(cause === undefined ? {} : { cause }),
    });
  if (node.domain === 'espalier') throw refuse('it belongs to a training graph');
  try {
    b.add(withShapeConstant(b, graph, node, before, batch));
  } catch (error) {
    if (error instanceof NasError) throw refuse(error.message, error);
    throw error;
  }
  for (const output of node.outputs) {
    if (output !== '' && !followsBatch(graph.types[output]!.shape, b.shape(output), before, batch)) {
      throw refuse(`"${output}" of shape ${show(graph.types[output]!.shape)} would become ${show(b.shape(output))}`);
    }
  }
}

/** The node, reading a new shape constant where its own one begins with the old batch size. */
function withShapeConstant(b: Builder, graph: Graph, node: Node, before: number, batch: number): Node {
  const position = opEntry(node).shapeInput ?? -1;
  const constant = graph.initializers[node.inputs[position] ?? ''];
  const data = node.inputs[0] ?? '';
  const hasBatch = graph.types[data] !== undefined && show(graph.types[data].shape) !== show(b.shape(data));
  if (!constant || !hasBatch) return node;
  const [first, ...rest] = toNumbers(constant);
  if (first !== before) return node;
  return { ...node, inputs: node.inputs.map((name, i) => (i === position ? b.ints([batch, ...rest]) : name)) };
}

const followsBatch = (old: Shape, now: Shape, before: number, batch: number): boolean =>
  show(now) === show(old) || (old[0]! % before === 0 && show(now) === show([(old[0]! / before) * batch, ...old.slice(1)]));
