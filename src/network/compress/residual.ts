import { readsOf } from '../ir/bodies.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { show } from '../ir/graph.ts';
import { layersOf } from '../ir/layers.ts';

/** A residual branch: of two activations of one shape that are added, the one with more layers of its own. */
export interface ResidualBranch {
  readonly joint: Node;
  /** Which input of the joint is the branch, and which stays without it. */
  readonly goes: 0 | 1;
  readonly stays: 0 | 1;
  /** Its layers, in the order in which they run. */
  readonly layers: readonly string[];
  /** The activations that it begins with. */
  readonly sources: readonly string[];
}

/** In the order of their joints: inner ones first. */
export function residualBranches(graph: Graph): readonly ResidualBranch[] {
  const isActivation = (value: string) => graph.initializers[value] === undefined;
  const shapeOf = (value: string) => show(graph.types[value]!.shape);
  const joints = graph.nodes.filter(
    ({ op, domain, inputs }) =>
      op === 'Add' && domain === '' && inputs.every((value) => isActivation(value) && shapeOf(value) === shapeOf(inputs[0]!)),
  );
  return joints.map((joint) => {
    const [first, second] = [branchOf(graph, joint, 1), branchOf(graph, joint, 0)];
    return second.layers.length > first.layers.length ? second : first;
  });
}

function branchOf(graph: Graph, joint: Node, goes: 0 | 1): ResidualBranch {
  const stays = goes === 0 ? 1 : 0;
  const needed = neededWithout(graph, joint, joint.inputs[stays]!);
  const own = new Set(graph.nodes.filter((node) => !needed.has(node)));
  const made = new Set([...own].flatMap(({ outputs }) => outputs));
  const sources = [...own].flatMap(readsOf).filter((value) => !made.has(value) && !graph.initializers[value]);
  const layers = layersOf(graph).flatMap(({ name, node }) => (own.has(node) ? [name] : []));
  return { joint, goes, stays, layers, sources: [...new Set(sources)] };
}

/** The nodes that the outputs take where the joint reads one of its inputs only. */
function neededWithout(graph: Graph, joint: Node, stays: string): ReadonlySet<Node> {
  const values = new Set(graph.outputs);
  const nodes = graph.nodes.toReversed().filter((node) => {
    const used = node.outputs.some((output) => values.has(output));
    if (used) for (const read of node === joint ? [stays] : readsOf(node)) values.add(read);
    return used;
  });
  return new Set(nodes);
}
