import { describe, expect, it } from 'vitest';
import { columnsOf, fitted } from '../../src/cli/wrap.ts';

describe('a text fitted to a terminal', () => {
  it('keeps the lines that fit as they stand', () => {
    const frame = '> 7 | objectives: { acuracy:   maximize }\n    |               ^^^^^^^';
    expect(fitted(frame, 41)).toBe(frame);
  });

  it('has longer ones broken between words, as far in as they begin', () => {
    expect(fitted('one two three\n  four five six', 9)).toBe('one two\nthree\n  four\n  five\n  six');
  });

  it('stays whole where there is no terminal', () => {
    const line = 'word '.repeat(100).trim();
    expect(fitted(line, columnsOf({ isTTY: false, columns: 80 }))).toBe(line);
    expect(fitted(line, columnsOf({ isTTY: true, columns: 80 })).split('\n')).toHaveLength(7);
  });
});
