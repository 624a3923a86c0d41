import { describe, expect, it } from 'vitest';
import { paintRow, run } from '../../src/dashboard/panels/panel.tsx';
import { createStandIns } from '../../src/dashboard/stand-ins.ts';
import { cutText, textWidth } from '../../src/dashboard/text-width.ts';
import { stylesFor } from '../../src/dashboard/theme.ts';

describe('styles', () => {
  it.each([
    [1, '\x1b[1m●\x1b[22m'],
    [4, '\x1b[1m\x1b[93m●\x1b[39m\x1b[22m'],
    [8, '\x1b[1m\x1b[38;5;214m●\x1b[39m\x1b[22m'],
    [24, '\x1b[1m\x1b[38;2;230;159;0m●\x1b[39m\x1b[22m'],
  ] as const)('of %d bits per colour', (depth, expected) => {
    expect(paintRow([run('●', 'front')], 10, stylesFor(depth)).text).toBe(expected);
  });
});

describe('rows', () => {
  const paint = (text: string, width: number) => paintRow([run(text), run(' end')], width, stylesFor(1));

  it.each([
    ['abc', 7, 'abc end', 7],
    ['abc', 6, 'abc e…', 6],
    ['abc', 3, 'ab…', 3],
    ['漢字', 8, '漢字 end', 8],
    ['漢字', 4, '漢…', 3],
    ['é'.normalize('NFD'), 5, `${'é'.normalize('NFD')} end`, 5],
    ['a\n\x1b[2Jb', 20, 'a [2Jb end', 10],
  ])('%j in %d columns', (text, width, expected, columns) => expect(paint(text, width)).toEqual({ text: expected, columns }));

  it('measure what people write', () => {
    expect(textWidth('accuracy × size ⠿ █ ●')).toBe(21);
    expect(textWidth('🚀')).toBe(2);
    expect(cutText('漢字漢字', 5)).toBe('漢字');
  });
});

describe('stand-ins', () => {
  it('put the lines where Ink has put them', () => {
    const standIns = createStandIns();
    const [a, b, c] = ['one', 'two', 'three'].map((text) => standIns.hold({ text, columns: text.length }));
    expect(standIns.resolve(`${a}    ${b}\n  ${c}\n`)).toBe('one  two\n  three\n');
    const again = standIns.hold({ text: 'new', columns: 3 });
    expect(standIns.resolve(again)).toBe('new');
  });
});
