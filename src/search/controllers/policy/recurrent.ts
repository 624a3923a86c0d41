import type { Rng } from '../../../core/rng.ts';
import { logSoftmax, type PolicyNetwork, type Walk } from './network.ts';

export interface RecurrentShape {
  readonly optionCounts: readonly number[];
  /** Number of each decision's kind: decisions of one kind share their head. */
  readonly kinds: readonly number[];
  /** Weight of every objective, by preference. */
  readonly preferences: readonly (readonly number[])[];
}

/** State of the recurrent unit. */
const hidden = 12;

/** What one step has to remember for the way back. */
interface Step {
  readonly input: Float64Array;
  readonly before: Float64Array;
  readonly update: Float64Array;
  readonly reset: Float64Array;
  readonly proposal: Float64Array;
  readonly after: Float64Array;
}

/**
 * A gated recurrent unit (Cho et al. 2014) reads the decisions made so far, layer by layer, and what is wanted; logits are
 * those of the factorised policy plus a head on its state, one per kind of decision. So the layers can answer each other.
 */
export function recurrentPolicy(shape: RecurrentShape, rng: Rng): PolicyNetwork {
  const layout = layoutOf(shape);
  const parameters = new Float64Array(layout.size);
  for (let i = layout.gates[0]!; i < layout.heads[0]!; i++) parameters[i] = 0.3 * rng.normal();
  return { parameters, walk: (preference) => new RecurrentWalk(shape, layout, parameters, preference) };
}

interface Layout {
  readonly size: number;
  readonly inputs: number;
  /** Start of the logits of a decision, within those of a preference. */
  readonly starts: readonly number[];
  /** Logits per preference: they come first. */
  readonly width: number;
  /** Starts of the weights of update, reset and proposal: [hidden, inputs + hidden] each. */
  readonly gates: readonly number[];
  /** By kind, the start of [options, hidden]. */
  readonly heads: readonly number[];
}

function layoutOf({ optionCounts, kinds, preferences }: RecurrentShape): Layout {
  const width = optionCounts.reduce((sum, count) => sum + count, 0);
  // one · position · last choice · weights of the objectives · kind
  const inputs = 3 + preferences[0]!.length + Math.max(...kinds) + 1;
  const gate = hidden * (inputs + hidden);
  const first = preferences.length * width;
  const heads: number[] = [];
  let size = first + 3 * gate;
  for (let kind = 0; kind <= Math.max(...kinds); kind++) {
    heads.push(size);
    size += hidden * Math.max(...optionCounts.filter((_, d) => kinds[d] === kind));
  }
  const starts = optionCounts.map((_, d) => optionCounts.slice(0, d).reduce((sum, count) => sum + count, 0));
  return { size, inputs, starts, width, gates: [first, first + gate, first + 2 * gate], heads };
}

class RecurrentWalk implements Walk {
  readonly #shape: RecurrentShape;
  readonly #layout: Layout;
  readonly #parameters: Float64Array;
  readonly #preference: number;
  readonly #steps: Step[] = [];
  #last = 0;

  constructor(shape: RecurrentShape, layout: Layout, parameters: Float64Array, preference: number) {
    this.#shape = shape;
    this.#layout = layout;
    this.#parameters = parameters;
    this.#preference = preference;
  }

  look(): Float64Array {
    const d = this.#steps.length;
    const { after } = this.#advance(d);
    const head = this.#layout.heads[this.#shape.kinds[d]!]!;
    const own = this.#ownLogits(d);
    const parameters = this.#parameters;
    const logits = new Float64Array(this.#shape.optionCounts[d]!);
    for (let option = 0; option < logits.length; option++) {
      let sum = parameters[own + option]!;
      for (let h = 0; h < hidden; h++) sum += parameters[head + option * hidden + h]! * after[h]!;
      logits[option] = sum;
    }
    return logSoftmax(logits);
  }

  choose(option: number): void {
    const options = this.#shape.optionCounts[this.#steps.length - 1]!;
    this.#last = options < 2 ? 0 : (2 * option) / (options - 1) - 1;
  }

  backward(slopes: readonly Float64Array[], gradient: Float64Array): void {
    let carried: Float64Array = new Float64Array(hidden);
    for (let d = slopes.length - 1; d >= 0; d--) {
      const step = this.#steps[d]!;
      const head = this.#layout.heads[this.#shape.kinds[d]!]!;
      const own = this.#ownLogits(d);
      for (const [option, slope] of slopes[d]!.entries()) {
        gradient[own + option]! += slope;
        for (let h = 0; h < hidden; h++) {
          gradient[head + option * hidden + h]! += slope * step.after[h]!;
          carried[h]! += slope * this.#parameters[head + option * hidden + h]!;
        }
      }
      carried = this.#stepBack(step, carried, gradient);
    }
  }

  #ownLogits(d: number): number {
    return this.#preference * this.#layout.width + this.#layout.starts[d]!;
  }

  #advance(d: number): Step {
    const { kinds, optionCounts, preferences } = this.#shape;
    const input = new Float64Array(this.#layout.inputs);
    const weights = preferences[this.#preference]!;
    input.set([1, d / optionCounts.length, this.#last, ...weights]);
    input[3 + weights.length + kinds[d]!] = 1;
    const before = this.#steps.at(-1)?.after ?? new Float64Array(hidden);
    const [u, r, p] = this.#layout.gates;
    const update = this.#gate(u!, input, before);
    const reset = this.#gate(r!, input, before);
    const kept = new Float64Array(hidden);
    for (let h = 0; h < hidden; h++) {
      update[h] = sigmoid(update[h]!);
      reset[h] = sigmoid(reset[h]!);
      kept[h] = before[h]! * reset[h]!;
    }
    const proposal = this.#gate(p!, input, kept);
    const after = new Float64Array(hidden);
    for (let h = 0; h < hidden; h++) {
      proposal[h] = Math.tanh(proposal[h]!);
      after[h] = before[h]! + update[h]! * (proposal[h]! - before[h]!);
    }
    const step = { input, before, update, reset, proposal, after };
    this.#steps.push(step);
    return step;
  }

  /** [hidden] = W · [input, state] */
  #gate(start: number, input: Float64Array, state: Float64Array): Float64Array {
    const parameters = this.#parameters;
    const result = new Float64Array(hidden);
    let at = start;
    for (let h = 0; h < hidden; h++) {
      let sum = 0;
      for (let i = 0; i < input.length; i++) sum += parameters[at++]! * input[i]!;
      for (let i = 0; i < hidden; i++) sum += parameters[at++]! * state[i]!;
      result[h] = sum;
    }
    return result;
  }

  /** From the slope of a step's state to that of the state before it. */
  #stepBack(step: Step, slope: Float64Array, gradient: Float64Array): Float64Array {
    const { input, before, update, reset, proposal } = step;
    const [u, r, p] = this.#layout.gates;
    const back = slope.map((value, h) => value * (1 - update[h]!));
    const updateSlope = slope.map((value, h) => value * (proposal[h]! - before[h]!) * update[h]! * (1 - update[h]!));
    const proposalSlope = slope.map((value, h) => value * update[h]! * (1 - proposal[h]! ** 2));
    const kept = before.map((value, h) => value * reset[h]!);
    const keptSlope = this.#gateBack(p!, input, kept, proposalSlope, gradient);
    const resetSlope = keptSlope.map((value, h) => value * before[h]! * reset[h]! * (1 - reset[h]!));
    const throughUpdate = this.#gateBack(u!, input, before, updateSlope, gradient);
    const throughReset = this.#gateBack(r!, input, before, resetSlope, gradient);
    return back.map((value, h) => value + keptSlope[h]! * reset[h]! + throughUpdate[h]! + throughReset[h]!);
  }

  /** Adds a gate's gradient; returns the slope of its state. */
  #gateBack(start: number, input: Float64Array, state: Float64Array, slope: Float64Array, gradient: Float64Array): Float64Array {
    const columns = input.length + hidden;
    const back = new Float64Array(hidden);
    for (let h = 0; h < hidden; h++) {
      const row = start + h * columns;
      for (let i = 0; i < input.length; i++) gradient[row + i]! += slope[h]! * input[i]!;
      for (let i = 0; i < hidden; i++) {
        gradient[row + input.length + i]! += slope[h]! * state[i]!;
        back[i]! += slope[h]! * this.#parameters[row + input.length + i]!;
      }
    }
    return back;
  }
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
