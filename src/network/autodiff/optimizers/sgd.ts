import { changeDecayed, decayedTheta, type Optimizer } from './optimizer.ts';

export interface SgdOptions {
  readonly name: 'sgd';
  /** 0 carries no state. */
  readonly momentum: number;
  readonly nesterov: boolean;
}

/**
 * Stochastic gradient descent as PyTorch defines it: g += λθ; v = μv + g; θ −= lr · v, with Nesterov lr · (g + μv)
 * (Sutskever et al. 2013, On the importance of initialization and momentum in deep learning).
 */
export const sgd: Optimizer<SgdOptions> = {
  name: 'sgd',
  states: ({ momentum }) => (momentum === 0 ? [] : ['momentum']),
  update(update, { momentum, nesterov }) {
    const { b, theta, lr, states, weightDecay } = update;
    const coupled = (part: string) => b.op('Add', [part, b.op('Mul', [decayedTheta(update), b.scalar(weightDecay)])]);
    const gradient = weightDecay === 0 ? update.gradient : changeDecayed(update, update.gradient, coupled);
    const descend = (direction: string) => b.op('Sub', [theta, b.op('Mul', [direction, lr])], {}, { name: 'theta.next' });
    if (momentum === 0) return descend(gradient);
    const mu = b.scalar(momentum);
    const velocity = b.op('Add', [b.op('Mul', [states['momentum']!, mu]), gradient], {}, { name: 'momentum.next' });
    return descend(nesterov ? b.op('Add', [gradient, b.op('Mul', [velocity, mu])]) : velocity);
  },
};
