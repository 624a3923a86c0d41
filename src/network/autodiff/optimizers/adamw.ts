import type { Builder } from '../../ir/builder.ts';
import { changeDecayed, type Optimizer } from './optimizer.ts';

export interface AdamWOptions {
  readonly name: 'adamw';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Adam with decoupled weight decay, θ −= lr · λθ (Loshchilov & Hutter 2019, Decoupled Weight Decay Regularization). */
export const adamw: Optimizer<AdamWOptions> = {
  name: 'adamw',
  states: () => ['m', 'v'],
  update(update, { beta1, beta2, epsilon }) {
    const { b, theta, gradient, lr, step, states, weightDecay } = update;
    const m = average(b, states['m']!, gradient, beta1, 'm.next');
    const v = average(b, states['v']!, b.op('Mul', [gradient, gradient]), beta2, 'v.next');
    const mean = b.op('Div', [m, bias(b, beta1, step)]);
    const deviation = b.op('Add', [b.op('Sqrt', [b.op('Div', [v, bias(b, beta2, step)])]), b.scalar(epsilon)]);
    const shrink = (part: string) => b.op('Mul', [part, b.op('Sub', [b.scalar(1), b.op('Mul', [lr, b.scalar(weightDecay)])])]);
    const decayed = weightDecay === 0 ? theta : changeDecayed(update, theta, shrink);
    return b.op('Sub', [decayed, b.op('Mul', [b.op('Div', [mean, deviation]), lr])], {}, { name: 'theta.next' });
  },
};

/** β · state + (1 − β) · value. */
const average = (b: Builder, state: string, value: string, beta: number, name: string): string =>
  b.op('Add', [b.op('Mul', [state, b.scalar(beta)]), b.op('Mul', [value, b.scalar(1 - beta)])], {}, { name });

/** 1 − βᵗ: what an average that began at zero lacks after t steps. */
const bias = (b: Builder, beta: number, step: string): string => b.op('Sub', [b.scalar(1), b.op('Pow', [b.scalar(beta), step])]);
