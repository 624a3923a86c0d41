import { elementCount, type Graph } from '../../ir/graph.ts';
import { expanded } from './expansion.ts';
import { mapProgram } from './kernels/map.ts';
import { partsOf, productProgram } from './kernels/product.ts';
import { cutOf, type Reduced, reducePrograms } from './kernels/reduce.ts';
import { inOrder, type Lifetime, type Place, shared } from './memory.ts';
import { constantOf, contextFor, type Made, type Plan, planOf } from './plan.ts';
import type { Pointwise, ProductPlan, ReductionPlan } from './rules/rule.ts';
import { argument } from './wgsl.ts';
import { type Program, Writer } from './writer.ts';

/** A graph as programs in the order in which they run, and where values lie. */
export interface Compiled {
  readonly graph: Graph;
  readonly programs: readonly Program[];
  readonly places: ReadonlyMap<string, Place>;
  /** Numbers in each buffer: first what is given, inputs and constants. */
  readonly sizes: readonly number[];
  /** Constants that are read. */
  readonly constants: readonly string[];
}

/**
 * Fuses a graph into few programs: what is cheap is computed where it is read (as tinygrad and XLA do).
 *
 * @param most Numbers that one buffer of the device holds.
 * @throws NasError ENGINE_SHADERS where an op has no rule.
 */
export function compile(step: Graph, most: number): Compiled {
  const graph = expanded(step);
  const plan = planOf(graph);
  const size = (name: string) => elementCount(graph.types[name]!.shape);
  const constants = Object.keys(graph.initializers).filter((name) => constantOf(graph, name) === undefined && isRead(plan, name));
  const given = inOrder([...graph.inputs.map(({ name }) => name), ...constants].map((name) => ({ name, size: size(name) })));
  const computed = shared([...lifetimes(plan), ...scratchOf(plan)], most);
  const places = new Map([...given.places, ...computed.places]);
  const programs = plan.steps.flatMap((each) => programsOf(plan, each, places));
  return { graph, programs, places, sizes: [given.size, ...computed.sizes], constants };
}

const isRead = (plan: Plan, name: string): boolean =>
  plan.graph.outputs.includes(name) || plan.steps.some((step) => step.some((value) => plan.leaves(value.name).has(name)));

function lifetimes(plan: Plan): Lifetime[] {
  const { graph, steps } = plan;
  const last = new Map<string, number>();
  steps.forEach((step, i) => {
    for (const value of step) for (const leaf of plan.leaves(value.name)) last.set(leaf, i);
  });
  for (const name of graph.outputs) last.set(name, steps.length);
  return steps.flatMap((step, from) =>
    step.map(({ name }) => ({ name, size: elementCount(graph.types[name]!.shape), from, to: last.get(name) ?? from })),
  );
}

const noReads = () => '0f';

const reductionOf = (plan: Plan, { rule, ...value }: Made, at = noReads as Writer['read']): ReductionPlan => {
  if (rule.kind !== 'reduction') throw new Error(`${value.name} is no reduction`);
  return rule.describe({ ...contextFor(plan, { rule, ...value }), at: (input, index) => at(value.node.inputs[input]!, index) });
};

const productOf = (plan: Plan, { rule, ...value }: Made, at = noReads as Writer['read']): ProductPlan => {
  if (rule.kind !== 'product') throw new Error(`${value.name} is no product`);
  return rule.describe({ ...contextFor(plan, { rule, ...value }), at: (input, index) => at(value.node.inputs[input]!, index) });
};

/** Room for the parts of what is cut: of this step alone. */
const scratchName = (value: string): string => `${value} (parts)`;

function scratchOf(plan: Plan): Lifetime[] {
  return plan.steps.flatMap((step, at) =>
    step.flatMap((value) => {
      const outputs = elementCount(plan.graph.types[value.name]!.shape);
      const parts = partsNeeded(plan, value, outputs);
      return parts === 1 ? [] : [{ name: scratchName(value.name), size: parts * outputs, from: at, to: at }];
    }),
  );
}

function partsNeeded(plan: Plan, value: Made, outputs: number): number {
  if (value.rule.kind === 'product') return partsOf(productOf(plan, value));
  return value.rule.kind === 'reduction' ? cutOf(reductionOf(plan, value), outputs).parts : 1;
}

function programsOf(plan: Plan, step: readonly Made[], places: ReadonlyMap<string, Place>): Program[] {
  const [value] = step as [Made];
  const write = () => new Writer(plan, places);
  const place = (name: string) => places.get(name)!;
  if (value.rule.kind === 'reduction') {
    const reduced: Reduced[] = step.map((each) => {
      const outputs = elementCount(plan.graph.types[each.name]!.shape);
      return { plan: reductionOf(plan, each), outputs, place: place(each.name) };
    });
    const read = (writer: Writer, i: number) => reductionOf(plan, step[i]!, (name, index) => writer.read(name, index)).body;
    return reducePrograms(
      write,
      reduced,
      read,
      step.map((each) => place(scratchName(each.name))),
    );
  }
  if (value.rule.kind === 'product') return productPrograms(plan, value, write, places);
  return [mapProgram(write(), plan, value as Made & { rule: Pointwise }, place(value.name))];
}

function productPrograms(plan: Plan, value: Made, write: () => Writer, places: ReadonlyMap<string, Place>): Program[] {
  const writer = write();
  const product = productOf(plan, value, (name, index) => writer.read(name, index));
  const place = places.get(value.name)!;
  const parts = partsOf(product);
  if (parts === 1) return [productProgram(writer, product, place)];
  const scratch = places.get(scratchName(value.name))!;
  const outputs = elementCount(plan.graph.types[value.name]!.shape);
  const first = productProgram(writer, product, scratch);
  const body = (own: Writer) => `return ${own.cell(scratch, `r * ${argument(outputs)} + o`)};`;
  const sum: ReductionPlan = { how: 'sum', count: parts, along: 'outputs', body: '', geometry: '' };
  return [first, ...reducePrograms(write, [{ plan: sum, outputs, place }], body, [])];
}
