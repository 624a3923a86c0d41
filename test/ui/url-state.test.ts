import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstView, fromHash, type PageView, toHash } from '../../src/ui/page/url-state.ts';

const trial = fc.nat(99_999);
const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('\0'));
const range = fc.tuple(fc.nat(100), fc.nat(100)).map(([low, more]) => [low, low + more] as [number, number]);

const views = fc.record({
  study: name,
  against: fc.uniqueArray(name, { maxLength: 3 }),
  selected: fc.option(trial, { nil: undefined }),
  pinned: fc.uniqueArray(trial, { maxLength: 4 }),
  filters: fc.dictionary(
    name.filter((text) => text !== '__proto__'),
    range,
    { maxKeys: 3, noNullPrototype: true },
  ),
  x: name,
  y: name,
  z: name,
  metric: name,
  three: fc.constant(true),
  turn: fc
    .tuple(fc.integer({ min: -300, max: 300 }), fc.integer({ min: 0, max: 140 }))
    .map(([yaw, pitch]) => [yaw / 100, pitch / 100] as const),
  theme: fc.constantFrom('auto' as const, 'light' as const, 'dark' as const),
});

describe('a link to the page', () => {
  it('carries everything that is looked at', () => {
    fc.assert(
      fc.property(views, (view: PageView) => {
        expect(fromHash(`#${toHash(view)}`)).toEqual(view);
      }),
    );
  });

  it('is empty for the first look, and takes any text without harm', () => {
    expect(toHash(firstView)).toBe('');
    expect(fromHash('')).toEqual(firstView);
    fc.assert(
      fc.property(fc.string(), (text) => {
        const view = fromHash(text);
        expect(view.pinned.every(Number.isInteger)).toBe(true);
      }),
    );
    expect(fromHash('#trial=-1&keep=a:5:1&with=x,3&turn=1&theme=pink')).toEqual({ ...firstView, pinned: [3] });
  });
});
