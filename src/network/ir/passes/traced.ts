import { bodiesOf } from '../bodies.ts';
import { Builder } from '../builder.ts';
import type { Attribute, Graph, Node } from '../graph.ts';
import { decisionsOf } from '../ways.ts';

/** A graph that says which branches it took. */
export interface Traced {
  /** With one more output, the last. */
  readonly graph: Graph;
  /** Names of the If nodes: position i of that output (float32 [decisions]) is 1 for then, −1 for else, 0 where it did not come to it. */
  readonly decisions: readonly string[];
}

/** The same network, which also gives the way that it took. A graph without decisions stays as it is. */
export function traced(graph: Graph): Traced {
  const decisions = decisionsOf(graph);
  if (decisions.length === 0) return { graph, decisions };
  const b = new Builder(graph.name);
  for (const { name, type } of graph.inputs) b.input(name, type);
  const trace = copyInto(b, graph, decisions);
  return { graph: b.build([...graph.outputs, trace]), decisions };
}

/** Copies a graph and returns the value that holds its part of the trace. */
function copyInto(b: Builder, graph: Graph, decisions: readonly string[]): string {
  for (const [name, tensor] of Object.entries(graph.initializers)) b.initializer(name, tensor);
  const parts = graph.nodes.flatMap((node) => {
    if (bodiesOf(node).length === 0) {
      b.add(node);
      return [];
    }
    const trace = b.fresh(`${node.name}/trace`);
    b.add({ ...node, outputs: [...node.outputs, trace], attributes: tracedBranches(b, node, decisions) });
    return [trace];
  });
  const start = b.floats(decisions.map(() => 0));
  return parts.reduce((sum, part) => b.op('Add', [sum, part]), start);
}

function tracedBranches(b: Builder, node: Node, decisions: readonly string[]): Node['attributes'] {
  const position = decisions.indexOf(node.name);
  const entries = Object.entries(node.attributes).map(([name, attribute]): [string, Attribute] => {
    if (attribute.kind !== 'graph') return [name, attribute];
    const body = new Builder(attribute.value.name, b);
    const inner = copyInto(body, attribute.value, decisions);
    const own = body.floats(decisions.map((_, i) => (i === position ? (name === 'then_branch' ? 1 : -1) : 0)));
    return [name, { kind: 'graph', value: body.build([...attribute.value.outputs, body.op('Add', [inner, own])]) }];
  });
  return Object.fromEntries(entries);
}
