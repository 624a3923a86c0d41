import type { Made, Plan } from './plan.ts';
import type { ProductPlan } from './rules/rule.ts';

/**
 * The largest sizes of values' numbers, which the products by matrix units want to know of what they read. Each has a slot in a
 * buffer of their own that is 0 when a step begins. As bits, sizes of floats are in the order of the sizes: a maximum of whole
 * numbers, the same in whatever order the threads come.
 */
export interface Ranges {
  readonly count: number;
  /** The slots of a and b; undefined where a product is computed without the units. */
  of(product: string): readonly [number, number] | undefined;
  /** Of a value that a program writes: it notes the range. */
  slot(value: string): number | undefined;
  /** Values whose ranges are computed from memory before a step of the plan, the first that wants them. */
  before(step: number): readonly { readonly value: string; readonly slot: number }[];
}

export const noRanges: Ranges = { count: 0, of: () => undefined, slot: () => undefined, before: () => [] };

/** @param isWanted Whether a product is computed by the units. */
export function rangesOf(
  plan: Plan,
  productOf: (value: Made) => ProductPlan,
  isWanted: (product: ProductPlan) => boolean,
): Ranges {
  const products = new Map<string, readonly [number, number]>();
  const slots = new Map<string, number>();
  const first = new Map<number, { readonly value: string; readonly slot: number }[]>();
  const noted = new Set(
    plan.steps
      .flat()
      .filter(notesRange)
      .map(({ name }) => name),
  );
  const slotFor = (value: string, step: number): number => {
    const known = slots.get(value);
    if (known !== undefined) return known;
    const slot = slots.size;
    slots.set(value, slot);
    if (!noted.has(value)) first.set(step, [...(first.get(step) ?? []), { value, slot }]);
    return slot;
  };
  plan.steps.forEach((step, at) => {
    const [value] = step as [Made];
    if (value.rule.kind !== 'product') return;
    const product = productOf(value);
    const sources = plan.sources(value);
    const [a, b] = [sources[product.a.input]!, sources[product.b.input]!];
    if (isWanted(product) && plan.isStored(a) && plan.isStored(b)) products.set(value.name, [slotFor(a, at), slotFor(b, at)]);
  });
  return {
    count: slots.size,
    of: (product) => products.get(product),
    slot: (value) => (noted.has(value) ? slots.get(value) : undefined),
    before: (step) => first.get(step) ?? [],
  };
}

/** Programs of one thread for each number. */
const notesRange = ({ rule }: Made): boolean => rule.kind === 'point' || rule.kind === 'loop' || rule.kind === 'view';
