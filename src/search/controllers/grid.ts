import type { Candidate } from '../../core/candidate.ts';
import type { ControllerContext, ControllerDefinition } from '../../core/controller.ts';
import { createRng } from '../../core/rng.ts';
import { candidateAt, countCandidates } from '../space/count.ts';
import { levelCount } from '../space/domain.ts';
import { haltonSequence } from '../space/halton.ts';
import type { Space } from '../space/space.ts';
import { WalkingController } from './walking-controller.ts';

/** More candidates than anybody trains one by one. */
const largest = 100_000n;

/**
 * Every network of a small space, once. It begins evenly in all dimensions, as `random` does, so that an early stop has seen all
 * regions; what that leaves comes in an order that jumps through the space.
 */
export const grid: ControllerDefinition<Space> = {
  name: 'grid',
  summary: 'tries every network of a small space (at most 100,000 candidates)',
  refuse: whyNot,
  create: (context) => new GridController(context),
};

function whyNot(space: Space): string | undefined {
  const continuous = space.parameters.find(({ domain }) => levelCount(domain) === 'infinite');
  if (continuous) return `cannot try every value of "${continuous.name}", a range without steps; list values, or give it a step`;
  const count = countCandidates(space);
  if (count !== 'infinite' && count <= largest) return undefined;
  return `cannot try all of its ${shortCount(count)} candidates, at most ${largest.toLocaleString('en')}; search fewer layers or values`;
}

function shortCount(count: bigint | 'infinite'): string {
  const digits = count.toString();
  return digits.length < 10 ? count.toLocaleString('en') : `${digits[0]}.${digits[1]}e${digits.length - 1}`;
}

class GridController extends WalkingController {
  readonly #space: Space;
  readonly #count: number;
  /** Coprime to the count, so that `start + i * stride` meets every index once. */
  readonly #stride: number;
  readonly #start: number;
  readonly #even: (index: number) => Candidate;
  /** Positions of the walk that are behind; what was proposed is known, so a restored one walks them again. */
  #position = 0;

  constructor(context: ControllerContext<Space>) {
    super('grid', context);
    this.#space = context.space;
    this.#count = Number(countCandidates(context.space));
    this.#start = createRng(context.seed, 'grid').int(this.#count);
    this.#stride = goldenStride(this.#count);
    this.#even = haltonSequence(context.space, context.seed);
  }

  protected planned(trial: number): Candidate | undefined {
    return this.proposals.firstNew(1, () => this.#even(trial)) ?? this.#next();
  }

  #next(): Candidate | undefined {
    while (this.#position < this.#count) {
      const index = (this.#start + this.#position++ * this.#stride) % this.#count;
      const candidate = this.proposals.firstNew(1, () => candidateAt(this.#space, index));
      if (candidate) return candidate;
    }
    return undefined;
  }
}

/** The number nearest to the golden section of the count that shares no divisor with it: its multiples spread most evenly. */
function goldenStride(count: number): number {
  const golden = Math.round(count * ((Math.sqrt(5) - 1) / 2));
  for (let stride = Math.max(1, golden); ; stride++) if (gcd(stride, count) === 1) return stride;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
