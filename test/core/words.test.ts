import { expect, it } from 'vitest';
import { counted, ended } from '../../src/core/words.ts';

it('counts in words', () => {
  expect([0, 1, 2].map((count) => counted(count, 'trial'))).toEqual(['0 trials', '1 trial', '2 trials']);
  expect(counted(2, 'study', 'studies')).toBe('2 studies');
});

it('ends a sentence once', () =>
  expect(['it is gone', 'it is gone.', 'it is gone..\n'].map(ended)).toEqual(Array(3).fill('it is gone.')));
