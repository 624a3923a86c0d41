import { elementCount, type Graph } from '../../ir/graph.ts';
import { expanded } from './expansion.ts';
import { mapProgram, rangeProgram } from './kernels/map.ts';
import { isLarge, matrixPartsOf, matrixProgram } from './kernels/matrix-product.ts';
import { partsOf, productProgram } from './kernels/product.ts';
import { cutOf, type Reduced, reducePrograms } from './kernels/reduce.ts';
import type { MatrixUnit } from './matrix-unit.ts';
import { inOrder, type Lifetime, type Place, shared } from './memory.ts';
import { constantOf, contextFor, type Made, type Plan, planOf } from './plan.ts';
import { noRanges, type Ranges, rangesOf } from './ranges.ts';
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
  /** Slots for ranges. */
  readonly ranges: number;
}

export interface Units {
  readonly unit: MatrixUnit;
  /** The large ones where left out. */
  readonly isWanted?: (product: ProductPlan) => boolean;
}

/**
 * Fuses a graph into few programs: what is cheap is computed where it is read (as tinygrad and XLA do).
 *
 * @param most Numbers that one buffer of the device holds.
 * @param units What the device multiplies small matrices with, and for which products it does.
 * @throws NasError ENGINE_SHADERS where an op has no rule.
 */
export function compile(step: Graph, most: number, units?: Units): Compiled {
  const graph = expanded(step);
  const plan = planOf(graph);
  const size = (name: string) => elementCount(graph.types[name]!.shape);
  const constants = Object.keys(graph.initializers).filter((name) => constantOf(graph, name) === undefined && isRead(plan, name));
  const given = inOrder([...graph.inputs.map(({ name }) => name), ...constants].map((name) => ({ name, size: size(name) })));
  const ranges = units ? rangesOf(plan, (value) => productOf(plan, value), units.isWanted ?? isLarge) : noRanges;
  const computed = shared([...lifetimes(plan), ...scratchOf(plan, ranges)], most);
  const how: How = { plan, places: new Map([...given.places, ...computed.places]), ranges, unit: units?.unit };
  const programs = plan.steps.flatMap((each, i) => [...rangePrograms(how, i), ...programsOf(how, each)]);
  return { graph, programs, places: how.places, sizes: [given.size, ...computed.sizes], constants, ranges: ranges.count };
}

interface How {
  readonly plan: Plan;
  readonly places: ReadonlyMap<string, Place>;
  readonly ranges: Ranges;
  readonly unit: MatrixUnit | undefined;
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

function scratchOf(plan: Plan, ranges: Ranges): Lifetime[] {
  return plan.steps.flatMap((step, at) =>
    step.flatMap((value) => {
      const outputs = elementCount(plan.graph.types[value.name]!.shape);
      const parts = partsNeeded(plan, value, ranges);
      return parts === 1 ? [] : [{ name: scratchName(value.name), size: parts * outputs, from: at, to: at }];
    }),
  );
}

function partsNeeded(plan: Plan, value: Made, ranges: Ranges): number {
  if (value.rule.kind === 'product') return (ranges.of(value.name) ? matrixPartsOf : partsOf)(productOf(plan, value));
  if (value.rule.kind !== 'reduction') return 1;
  return cutOf(reductionOf(plan, value), elementCount(plan.graph.types[value.name]!.shape)).parts;
}

const rangePrograms = ({ plan, places, ranges }: How, step: number): Program[] =>
  ranges
    .before(step)
    .map(({ value, slot }) =>
      rangeProgram(new Writer(plan, places), value, { count: elementCount(plan.graph.types[value]!.shape), slot }),
    );

function programsOf(how: How, step: readonly Made[]): Program[] {
  const { plan, places, ranges } = how;
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
  if (value.rule.kind === 'product') return productPrograms(how, value, write);
  return [
    mapProgram(write(), plan, value as Made & { rule: Pointwise }, { place: place(value.name), slot: ranges.slot(value.name) }),
  ];
}

function productPrograms(how: How, value: Made, write: () => Writer): Program[] {
  const { plan, places, ranges } = how;
  const place = places.get(value.name)!;
  const parts = partsNeeded(plan, value, ranges);
  if (parts === 1) return [productInto(how, value, write(), place)];
  const scratch = places.get(scratchName(value.name))!;
  const outputs = elementCount(plan.graph.types[value.name]!.shape);
  const first = productInto(how, value, write(), scratch);
  const body = (own: Writer) => `return ${own.cell(scratch, `r * ${argument(outputs)} + o`)};`;
  const sum: ReductionPlan = { how: 'sum', count: parts, along: 'outputs', body: '', geometry: '' };
  return [first, ...reducePrograms(write, [{ plan: sum, outputs, place }], body, [])];
}

function productInto({ plan, ranges, unit }: How, value: Made, writer: Writer, place: Place): Program {
  const product = productOf(plan, value, (name, index) => writer.read(name, index));
  const slots = ranges.of(value.name);
  return unit && slots ? matrixProgram(writer, product, place, { unit, slots }) : productProgram(writer, product, place);
}
