import { describe, expect, it } from 'vitest';
import { shellWord, studyWords } from '../../src/cli/shell.ts';

describe('words of a command to be typed', () => {
  it.each([
    ['nas.db', 'nas.db'],
    ['/data/a-1_b.db', '/data/a-1_b.db'],
    ['my net.db', "'my net.db'"],
    ["it's", "'it'\\''s'"],
    ['$(x);y', "'$(x);y'"],
    ['', "''"],
  ])('writes %j as %s', (text, word) => expect(shellWord(text)).toBe(word));

  it('name a study', () => expect(studyWords('nas.db', 'a b!')).toBe("--db nas.db --study 'a b!'"));
});
