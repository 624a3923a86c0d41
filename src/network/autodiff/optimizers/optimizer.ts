import type { Builder } from '../../ir/builder.ts';

/** The values that an update is made of; vectors are flat, [P]. */
export interface Update {
  readonly b: Builder;
  readonly theta: string;
  readonly gradient: string;
  /** Learning rate, []. */
  readonly lr: string;
  /** 1-based number of the step, []. */
  readonly step: string;
  /** By the name of the state, each [P]. */
  readonly states: Readonly<Record<string, string>>;
  /** Weight decay applies to the first `decayed` entries of theta. */
  readonly decayed: number;
  readonly weightDecay: number;
}

/** One optimizer: emits its update as nodes named `theta.next` and `<state>.next`. */
export interface Optimizer<Options extends { readonly name: string }> {
  readonly name: Options['name'];
  /** Names of the vectors that it carries from step to step, which start as zeros. */
  states(options: Options): readonly string[];
  /** Returns the name of the next theta. */
  update(update: Update, options: Options): string;
}

/** `vector` with `change` applied to its first `decayed` entries. */
export function changeDecayed({ b, decayed }: Update, vector: string, change: (part: string) => string): string {
  const size = b.shape(vector)[0]!;
  if (decayed === 0) return vector;
  if (decayed === size) return change(vector);
  const [head, tail] = b.multi('Split', [vector, b.ints([decayed, size - decayed])], 2, { axis: 0 });
  return b.op('Concat', [change(head!), tail!], { axis: 0 });
}

/** The first `decayed` entries of theta. */
export function decayedTheta({ b, decayed, theta }: Update): string {
  return b.op('Slice', [theta, b.ints([0]), b.ints([decayed]), b.ints([0])]);
}
