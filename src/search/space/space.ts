import type { Plan, Value } from '../../core/candidate.ts';

/**
 * The values that a parameter can take.
 *
 * - choice: the listed values. `ordered` means that neighbours in the list are neighbours in meaning (bits, keep ratio).
 * - range: the numbers from `min` to `max`, both included; every `step` from `min` on where there is one, whole numbers
 *   where `integer` is set. `log` spreads samples evenly over orders of magnitude (needs min > 0 and no step).
 */
export type Domain =
  | { readonly kind: 'choice'; readonly values: readonly Value[]; readonly ordered: boolean }
  | {
      readonly kind: 'range';
      readonly min: number;
      readonly max: number;
      readonly step?: number;
      readonly log?: boolean;
      readonly integer?: boolean;
    };

/** What a parameter sets: a key of the training recipe, or one knob of a technique at one site. */
type Target =
  | { readonly kind: 'recipe'; readonly key: string }
  | { readonly kind: 'technique'; readonly technique: string; readonly site: string; readonly knob: string };

/** One dimension of a space. Names: `trial.learningRate`, `stem/prune.keep`, `stage1.block1.conv1/quantize.bits`. */
export interface Parameter {
  readonly name: string;
  readonly domain: Domain;
  readonly target: Target;
  /** The value at which the technique leaves the site as it is; absent where the knob has none. */
  readonly off?: Value;
  /** Where nothing asks for another value; a value of the domain. Absent: the domain's first. */
  readonly default?: Value;
}

export interface Space {
  readonly parameters: readonly Parameter[];
  /** Settings that hold for every candidate. A fixed knob applies where its site is not switched off by a parameter. */
  readonly fixed: Plan;
}
