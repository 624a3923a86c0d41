import type { Graph, Node } from '../../src/network/ir/graph.ts';
import { readInt } from '../../src/network/ir/ops/support/attributes.ts';
import { openTrainer } from './espalier.ts';
import type { Net } from './net.ts';

export interface Share {
  readonly what: string;
  readonly ms: number;
}

/** Where the time of a step goes: the shortest run of every node, by the kind of work; the largest first. */
export async function profile(net: Net, lowering: string, steps: number): Promise<readonly Share[]> {
  const trainer = await openTrainer(net, { lowering, threads: 1, profile: true });
  await trainer.run(steps);
  const times = await trainer.nodeTimes();
  await trainer.close();
  const nodes = new Map(trainer.lowered.nodes.map((node) => [node.name, node]));
  const byKind = new Map<string, number>();
  for (const [name, ms] of times) {
    const node = nodes.get(name);
    const kind = node ? kindOf(trainer.lowered, node) : 'other';
    byKind.set(kind, (byKind.get(kind) ?? 0) + ms);
  }
  return [...byKind].map(([what, ms]) => ({ what, ms })).sort((a, b) => b.ms - a.ms);
}

/** Convolutions serve many purposes in the blocked layout; what they are for shows in their weights. */
function kindOf(graph: Graph, node: Node): string {
  if (node.op !== 'Conv') return node.op;
  const [, input = 1, kernel = 1] = graph.types[node.inputs[1]!]!.shape;
  const perChannel = input === 1 && readInt(node, 'group', 1) > 1;
  if (node.name.includes('.weight.grad')) return 'convolutions for weight gradients';
  if (perChannel && kernel === 1) return 'scaling per channel';
  if (/\.bn(\.grad)?\//.test(node.name)) return 'products for normalization';
  return node.name.includes('.grad') ? 'convolutions for input gradients' : 'convolutions forward';
}
