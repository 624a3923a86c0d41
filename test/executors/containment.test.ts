import { expect, it } from 'vitest';
import { createMemoryStore } from '../../src/store/index.ts';
import { faults, runFaulty } from '../fixtures/faults.ts';
import { openPool } from './harness.ts';

it('accounts for every trial of a study, whatever each does to its host, and tells the controller', {
  timeout: 120_000,
}, async () => {
  // Long enough that on a busy machine memory is always exhausted before time is.
  const { executor } = await openPool({ deadlineMs: 6000, graceMs: 300, maxRssMb: 300 });
  const behaviours = ['succeed', ...Object.keys(faults), 'succeed', 'steps', 'succeed', 'succeed'];
  const { rows, reason, told, toldInfeasible } = await runFaulty(createMemoryStore(), executor, behaviours);
  expect(rows.map(({ behaviour }) => behaviour)).toEqual(behaviours);
  for (const { behaviour, found, expected, message } of rows) expect([behaviour, found], message).toEqual([behaviour, expected]);
  expect(rows.every(({ found, message }) => found === 'done' || message !== '')).toBe(true);
  expect(reason).toBe('exhausted');
  expect(told).toBe(behaviours.length - 3); // the last look-ahead - 1 results are not told: nothing is asked because of them
  expect(toldInfeasible).toBe(Object.values(faults).filter((code) => code !== 'done').length);
});
