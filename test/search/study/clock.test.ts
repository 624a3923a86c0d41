import { expect, it } from 'vitest';
import { neverBack } from '../../../src/search/study/options.ts';

it('never goes back where somebody sets the clock, and follows it again as soon as it is later', () => {
  const readings = [100, 110, 50, 60, 109, 120, 1e6];
  const clock = neverBack(() => readings.shift()!);
  expect(Array.from({ length: 7 }, clock)).toEqual([100, 110, 110, 110, 110, 120, 1e6]);
});
