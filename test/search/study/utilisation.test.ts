import { expect, it } from 'vitest';
import { simulateStudy } from '../../../experiments/look-ahead/simulate.ts';

it('keeps 64 simulated workers busy where the study looks far enough ahead', async () => {
  const options = { workers: 64, seed: '0', trials: 2000, spread: 0.25 };
  expect((await simulateStudy({ ...options, lookAhead: 256 })).busy).toBeGreaterThan(0.95);
  expect((await simulateStudy({ ...options, lookAhead: 8 })).busy).toBeLessThan(8 / 64);
});
