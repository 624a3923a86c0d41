import type { Attribute, Attributes, Graph, Node } from './graph.ts';

/**
 * Bodies: the graphs in a node's attributes (the branches of an If). A body has no inputs; it reads values of the graphs
 * around it by their names. Their types stand among its own, so that a body can be read by itself.
 */
export function bodiesOf({ attributes }: Node): readonly Graph[] {
  const bodies: Graph[] = [];
  for (const name in attributes) {
    const attribute = attributes[name]!;
    if (attribute.kind === 'graph') bodies.push(attribute.value);
  }
  return bodies;
}

/** The node with other bodies; itself where it has none. */
export function mapBodies(node: Node, change: (body: Graph) => Graph): Node {
  if (bodiesOf(node).length === 0) return node;
  const changed = (attribute: Attribute): Attribute =>
    attribute.kind === 'graph' ? { kind: 'graph', value: change(attribute.value) } : attribute;
  const attributes: Attributes = Object.fromEntries(
    Object.entries(node.attributes).map(([name, attribute]) => [name, changed(attribute)]),
  );
  return { ...node, attributes };
}

/** All nodes, those of bodies behind the node that has them. */
export const allNodes = ({ nodes }: Pick<Graph, 'nodes'>): readonly Node[] =>
  nodes.flatMap((node) => [node, ...bodiesOf(node).flatMap(allNodes)]);

/** Types of all values, those of bodies too: no name has two meanings. */
export function allTypes(graph: Graph): Graph['types'] {
  const bodies = graph.nodes.flatMap(bodiesOf);
  return bodies.length === 0 ? graph.types : Object.assign({}, graph.types, ...bodies.map(allTypes));
}

/** Every value that a node reads: its inputs, and what its bodies take from outside. */
export function readsOf(node: Node): string[] {
  const reads = node.inputs.filter((name) => name !== '');
  for (const body of bodiesOf(node)) reads.push(...capturesOf(body));
  return reads;
}

/** The values that a body reads of the graphs around it, once each. */
export function capturesOf(body: Graph): string[] {
  const own = new Set([...body.inputs.map((input) => input.name), ...Object.keys(body.initializers)]);
  for (const node of body.nodes) for (const output of node.outputs) own.add(output);
  return [...new Set([...body.nodes.flatMap(readsOf), ...body.outputs])].filter((name) => !own.has(name));
}
