import { describe, expect, it } from 'vitest';
import { parseSpace } from '../../../../src/search/space/file/parse.ts';
import { errorOf, options, parse, spaceText } from '../fixture.ts';
import { constraints, rows } from './error-table.ts';

function lineAndColumn(text: string): { line: number; column: number } {
  const before = text.slice(0, text.indexOf('«')).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

describe('errors of a space file', () => {
  it.each(rows)('%s: %s', (_, code, marked, message) => {
    const error = errorOf(marked.replace('«', ''));
    expect(error).toMatchObject({ code, exitCode: 2, at: { file: 'test.yaml', ...lineAndColumn(marked) } });
    expect(error.message).toMatch(message);
    expect(error.frame).toMatch(/^> *\d+ \|.*\n *\| *\^/m);
  });

  it('refuses a file over one million characters before it is read', () => {
    expect(errorOf(`${spaceText()}\n#${'x'.repeat(1_000_000)}`)).toMatchObject({
      code: 'SPACE_TOO_BIG',
      at: { line: 1, column: 1 },
    });
  });

  it('refuses aliases that stand for more than a file may hold', () => {
    const bomb = Array.from('bcdefghi', (name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[i]}`).join(', ')}]`);
    const error = errorOf(['a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]', ...bomb].join('\n'));
    expect(error).toMatchObject({ code: 'SPACE_TOO_BIG', at: { line: 5 } });
  });

  it('refuses more constraints than a person would write', () => {
    expect(errorOf(constraints(`[${'size <= 20kB, '.repeat(30_000)}]`)).message).toContain('at most 100');
  });

  it('reads nearly fifty thousand keys, for which the YAML library alone takes more than a minute', { timeout: 60_000 }, () => {
    const keys = Array.from({ length: 48_000 }, (_, i) => `k${i}: 1`).join('\n');
    expect(errorOf(keys)).toMatchObject({ code: 'SPACE_UNKNOWN_KEY' });
  });

  it('tells all problems of the file, the first of the file first', () => {
    const layers = 'layers:\n  - match: "*"\n    prune: { keep: [1.5, 2] }';
    const error = errorOf(spaceText({ objectives: 'objectives: { acuracy: maximize }', layers }));
    expect(error.code).toBe('SPACE_UNKNOWN_METRIC');
    expect(error.facts['problems']).toEqual([
      expect.objectContaining({ code: 'SPACE_UNKNOWN_METRIC', line: 5, column: 15 }),
      expect.objectContaining({ code: 'SPACE_VALUE', line: 9, column: 21 }),
      expect.objectContaining({ code: 'SPACE_VALUE', line: 9, column: 26 }),
    ]);
  });

  it('lets a defect of the catalog through as it is', () => {
    const defect = new TypeError('a defect');
    const catalogOf = () => {
      throw defect;
    };
    expect(() => parseSpace(spaceText(), 'test.yaml', { ...options, catalogOf })).toThrow(defect);
  });
});

describe('the code frame', () => {
  it('shows the line, its neighbours and a caret', () => {
    expect(errorOf(spaceText({ objectives: 'objectives: { acuracy: maximize }' })).frame).toMatchInlineSnapshot(`
      "  4 | trial: { epochs: 0.5 }
      > 5 | objectives: { acuracy: maximize }
          |               ^^^^^^^
        6 | constraints: ["accuracy >= 0.85"]"
    `);
  });

  it('cuts long lines around the caret and shows no control characters', () => {
    const { frame, at } = errorOf(`model: {\u001b[31m${'a'.repeat(500)}: 1, family: resnot }`);
    expect(at?.line).toBe(1);
    expect(frame).not.toContain('\u001b');
    expect(Math.max(...frame.split('\n').map((line) => line.length))).toBeLessThanOrEqual(79);
    expect(frame.split('\n')[0]).toMatch(/^> 1 \| .*a…$/);
  });
});

it('accepts the file that the table is made from', () => {
  expect(parse(spaceText())).toMatchObject({ name: 'test' });
});
