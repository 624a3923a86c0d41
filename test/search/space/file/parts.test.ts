import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob } from '../../../../src/search/space/file/glob.ts';
import { parseDuration } from '../../../../src/search/space/file/units.ts';

const layers = ['stem', 'stage1.block1.conv1', 'stage1.block2.conv1', 'stage2.block1.conv1', 'dense'];
const matched = (pattern: string) => layers.filter(compileGlob(pattern)!);

describe('compileGlob', () => {
  it.each([
    ['*', layers],
    ['stem', ['stem']],
    ['ste?', ['stem']],
    ['s*', layers.slice(0, 4)],
    ['stage1.*', layers.slice(1, 3)],
    ['*.block1.*', [layers[1], layers[3]]],
    ['{stem,dense}', ['stem', 'dense']],
    ['stage{1,2}.block1.conv?', [layers[1], layers[3]]],
    ['{stem, dense}', ['stem', 'dense']],
    ['stage?', []],
    ['', []],
    ['.*', []],
    ['stage[12]*', []],
  ])('%s', (pattern, expected) => expect(matched(pattern)).toEqual(expected));

  it.each(['{a', 'a}', '{a,{b,c}}', '{a,b}'.repeat(8)])('refuses %s', (pattern) => expect(compileGlob(pattern)).toBeUndefined());

  it('agrees with a regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 6 });
    fc.assert(
      fc.property(pattern, text, (glob, name) => {
        const source = glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
        expect(compileGlob(glob)!(name)).toBe(new RegExp(`^${source}$`).test(name));
      }),
      { numRuns: 1000 },
    );
  });

  it('needs no exponential time', () => {
    expect(compileGlob(`${'*a'.repeat(500)}b`)!('a'.repeat(2000))).toBe(false);
  });
});

describe('parseDuration', () => {
  it.each([
    ['90 s', 90],
    ['15 min', 900],
    ['15m', 900],
    ['1.5h', 5400],
    ['0 s', undefined],
    ['15', undefined],
    ['-1 s', undefined],
    ['1 day', undefined],
  ])('%s', (text, seconds) => expect(parseDuration(text)).toBe(seconds));
});
