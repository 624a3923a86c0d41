import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/core/candidate.ts';
import type { Catalog } from '../../src/core/catalog.ts';
import { layerSettings, layerStrips } from '../../src/dashboard/layer-strips.ts';

const catalog: Catalog = {
  layers: ['stem', 'a', 'b', 'c', 'head'],
  techniques: [
    {
      name: 'prune',
      summary: '',
      knobs: {
        keep: { kind: 'number', min: 0.125, max: 1, default: 1, off: 1, summary: '' },
        importance: { kind: 'choice', values: ['l1', 'l2'], default: 'l1', summary: '' },
      },
      sites: [
        { name: 'stem', layers: ['stem', 'b'] },
        { name: 'a', layers: ['a'] },
        { name: 'c', layers: ['c'] },
      ],
    },
    {
      name: 'quantize',
      summary: '',
      knobs: { bits: { kind: 'choice', values: [4, 8, 32], default: 32, off: 32, summary: '' } },
      sites: [
        { name: 'stem', layers: ['stem'] },
        { name: 'head', layers: ['head'] },
      ],
    },
  ],
  recipe: {},
  metrics: [],
};
const plan: Plan = {
  recipe: {},
  techniques: {
    prune: { stem: { keep: 0.5, importance: 'l2' }, a: { keep: 0.125, importance: 'l1' } },
    quantize: { head: { bits: 8 } },
  },
};

describe('settings per layer', () => {
  it('are strips of one character per layer; groups are treated alike', () => {
    expect(layerStrips(plan, catalog)).toEqual([
      { technique: 'prune', knob: 'keep', glyphs: '▄▁▄· ', range: '0.125 … 0.5' },
      { technique: 'quantize', knob: 'bits', glyphs: '·   8', range: '8' },
    ]);
  });

  it('are dots where nothing is changed', () => {
    const strips = layerStrips({ recipe: {}, techniques: {} }, catalog);
    expect(strips.map(({ glyphs, range }) => [glyphs, range])).toEqual([
      ['···· ', ''],
      ['·   ·', ''],
    ]);
  });

  it('are listed for the layers that change', () => {
    expect(layerSettings(plan, catalog)).toEqual([
      { layer: 'stem', texts: ['keep 0.5, importance l2', ''] },
      { layer: 'a', texts: ['keep 0.125', ''] },
      { layer: 'b', texts: ['keep 0.5, importance l2', ''] },
      { layer: 'head', texts: ['', 'bits 8'] },
    ]);
  });
});
