import { pick } from '../../../core/errors.ts';
import { type AdamWOptions, adamw } from './adamw.ts';
import type { Optimizer } from './optimizer.ts';
import { type SgdOptions, sgd } from './sgd.ts';

/** To add an optimizer: its file, a line in this list, its options in the union. */
export const optimizers = [sgd, adamw] as const;

export type OptimizerOptions = SgdOptions | AdamWOptions;

/** @throws NasError UNKNOWN_OPTIMIZER */
export function optimizerOf<O extends OptimizerOptions>(options: O): Optimizer<O> {
  return pick<{ readonly name: string }>('optimizer', optimizers, options.name) as Optimizer<O>;
}
