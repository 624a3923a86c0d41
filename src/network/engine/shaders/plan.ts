import { elementCount, type Graph, type Node, type Tensor } from '../../ir/graph.ts';
import { rules } from './rules/index.ts';
import { notCovered, type Rule, type RuleContext } from './rules/rule.ts';

/** A value that a node gives, and how. */
export interface Made {
  readonly name: string;
  readonly node: Node;
  readonly output: number;
  readonly rule: Rule;
}

/** What is computed when, and what is kept in memory: everything else is computed where it is read. */
export interface Plan {
  readonly graph: Graph;
  readonly made: ReadonlyMap<string, Made>;
  /** In order. Those of one step are computed by one program. */
  readonly steps: readonly (readonly Made[])[];
  readonly isStored: (value: string) => boolean;
  /** Stored values that are read to compute a value. */
  leaves(value: string): ReadonlySet<string>;
  /** What each input of a value is taken from, behind views. */
  sources(value: Made): readonly string[];
}

/** Numbers from which on reading a value again costs something. */
const large = 2 ** 14;
/** A value that is read more than once is computed anew where that takes at most so many large reads, and so many ops. */
const mostReads = 3;
const mostOps = 40;
/** More are too much for one program. */
const longest = 160;

/** Reductions that are computed by one program. */
const mostMerged = 4;

/** @throws NasError ENGINE_SHADERS where an op has no rule. */
export function planOf(graph: Graph): Plan {
  const made = madeIn(graph);
  const uses = usesOf(graph, made);
  const live = [...made.values()].filter(({ name }) => uses.has(name));
  const wanted = new Set(live.flatMap((value) => neededBy(value, made)));
  const outputs = new Set(graph.outputs);
  const stored = new Set<string>();
  const costs = new Map<string, Cost>();
  const isStored = (name: string) => stored.has(name) || (!made.has(name) && constantOf(graph, name) === undefined);
  for (const value of live) {
    const cost = costOf(value, graph, isStored, costs);
    costs.set(value.name, cost);
    const again = uses.get(value.name)! > 1 && (cost.reads > mostReads || cost.ops > mostOps);
    const own = value.rule.kind !== 'view' && value.rule.kind !== 'point';
    if (own || outputs.has(value.name) || wanted.has(value.name) || again || cost.ops > longest) stored.add(value.name);
  }
  const leaves = (name: string) => costs.get(name)?.leaves ?? new Set([name]);
  const units = live.filter(({ name }) => stored.has(name));
  const sources = (value: Made) => sourcesOf(value, made);
  return { graph, made, steps: merged(units, graph, leaves), isStored, leaves, sources };
}

const contextOf = (graph: Graph, node: Node, output: number): Omit<RuleContext, 'at'> => ({
  node,
  output,
  inputs: node.inputs.map((name) => graph.types[name]?.shape ?? []),
  outputs: node.outputs.map((name) => graph.types[name]?.shape ?? []),
  constants: node.inputs.map((name) => graph.initializers[name]),
});

/** What the rule of a value sees. */
export const contextFor = ({ graph }: Plan, { node, output }: Made): Omit<RuleContext, 'at'> => contextOf(graph, node, output);

function madeIn(graph: Graph): Map<string, Made> {
  const made = new Map<string, Made>();
  for (const node of graph.nodes) {
    const rule = rules[`${node.domain}:${node.op}`];
    if (!rule) throw notCovered(node, 'the engine shaders does not have this op');
    node.outputs.forEach((name, output) => {
      if (name !== '')
        made.set(name, { name, node, output, rule: typeof rule === 'function' ? rule(contextOf(graph, node, output)) : rule });
    });
  }
  return made;
}

/** The values whose numbers a value is computed from. */
const readsOf = ({ node, rule }: Made): readonly string[] => {
  const chosen = rule.reads ?? node.inputs.map((_, input) => input);
  return chosen.map((input) => node.inputs[input] ?? '').filter((name) => name !== '');
};

/** How many values, or ends, read each value that is needed at all. */
function usesOf(graph: Graph, made: ReadonlyMap<string, Made>): Map<string, number> {
  const uses = new Map<string, number>();
  const open = [...graph.outputs];
  while (open.length > 0) {
    const name = open.pop()!;
    const known = uses.get(name) ?? 0;
    uses.set(name, known + 1);
    const value = made.get(name);
    if (known === 0 && value) open.push(...readsOf(value));
  }
  return uses;
}

/** What must be in memory for a value that reads its numbers many times: behind its views. */
const neededBy = (value: Made, made: ReadonlyMap<string, Made>): readonly string[] =>
  value.rule.kind === 'product' || value.rule.kind === 'loop' ? sourcesOf(value, made) : [];

function sourcesOf(value: Made, made: ReadonlyMap<string, Made>): readonly string[] {
  return readsOf(value).map((name) => {
    let current = name;
    for (let at = made.get(current); at?.rule.kind === 'view'; at = made.get(current)) current = readsOf(at)[0]!;
    return current;
  });
}

/** Of computing one number where it is read. */
interface Cost {
  readonly reads: number;
  readonly ops: number;
  readonly leaves: ReadonlySet<string>;
}

function costOf(value: Made, graph: Graph, isStored: (name: string) => boolean, costs: ReadonlyMap<string, Cost>): Cost {
  const joins = value.node.op === 'Concat';
  let [reads, ops] = [0, 1];
  const leaves = new Set<string>();
  for (const name of readsOf(value)) {
    if (isStored(name)) {
      leaves.add(name);
      const read = elementCount(graph.types[name]!.shape) >= large ? 1 : 0;
      reads = joins ? Math.max(reads, read) : reads + read;
      continue;
    }
    const cost = costs.get(name);
    if (!cost) continue;
    reads = joins ? Math.max(reads, cost.reads) : reads + cost.reads;
    ops += cost.ops;
    for (const leaf of cost.leaves) leaves.add(leaf);
  }
  return { reads, ops, leaves };
}

/** Reductions over the same numbers come together where the later one reads nothing that is computed in between. */
function merged(units: readonly Made[], graph: Graph, leaves: Plan['leaves']): Made[][] {
  const done = new Set<string>();
  const computed = new Set(units.map(({ name }) => name));
  const given = (name: string) => done.has(name) || !computed.has(name);
  const geometries = new Map(units.map((unit) => [unit.name, geometryOf(graph, unit)] as const));
  const steps: Made[][] = [];
  units.forEach((unit, i) => {
    if (done.has(unit.name)) return;
    const geometry = geometries.get(unit.name);
    const fits = (other: Made) =>
      geometry !== undefined &&
      geometries.get(other.name) === geometry &&
      !done.has(other.name) &&
      [...leaves(other.name)].every(given);
    const others = units.slice(i + 1, i + 60).filter(fits);
    const step = [unit, ...others.slice(0, mostMerged - 1)];
    for (const { name } of step) done.add(name);
    steps.push(step);
  });
  return steps;
}

function geometryOf(graph: Graph, unit: Made): string | undefined {
  if (unit.rule.kind !== 'reduction') return undefined;
  const { geometry, how } = unit.rule.describe({ ...contextOf(graph, unit.node, unit.output), at: () => '0f' });
  return `${how} ${geometry}`;
}

/** Numbers of a constant that are all equal: written into the programs. */
export function constantOf(graph: Graph, name: string): number | undefined {
  const tensor: Tensor | undefined = graph.initializers[name];
  if (!tensor || tensor.data.length === 0) return undefined;
  const first = tensor.data[0]!;
  return tensor.data.every((value: number | bigint) => value === first) ? Number(first) : undefined;
}
