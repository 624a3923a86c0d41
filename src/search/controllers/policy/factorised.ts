import { logSoftmax, type PolicyNetwork } from './network.ts';

/** Logits of their own for every decision and preference: what one layer does says nothing of another. */
export function factorisedPolicy(optionCounts: readonly number[], preferences: number): PolicyNetwork {
  const starts = optionCounts.map((_, d) => optionCounts.slice(0, d).reduce((sum, count) => sum + count, 0));
  const width = optionCounts.reduce((sum, count) => sum + count, 0);
  const parameters = new Float64Array(preferences * width);
  return {
    parameters,
    walk(preference) {
      const base = preference * width;
      let d = 0;
      return {
        look: () => logSoftmax(parameters.subarray(base + starts[d]!, base + starts[d]! + optionCounts[d]!)),
        choose: () => {
          d++;
        },
        backward(slopes, gradient) {
          for (const [decision, slope] of slopes.entries()) {
            for (let option = 0; option < slope.length; option++) gradient[base + starts[decision]! + option]! += slope[option]!;
          }
        },
      };
    },
  };
}
