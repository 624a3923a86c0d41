import { expect, it } from 'vitest';
import { sensitivityChart } from '../../src/report/sensitivity-chart.ts';

it('draws a cell for every choice, with its price in words', () => {
  const row = { technique: 'prune', site: 'stem', label: 'keep 0.5', accuracy: -0.123, note: '1.2 kB saved' };
  const rows = [row, { ...row, site: 'a<b', accuracy: undefined, note: '—' }, { ...row, technique: 'quantize', label: 'bits 8' }];
  const svg = sensitivityChart('Title & more', 'under it', rows);
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="\d+"/);
  expect(svg.match(/<rect/g)).toHaveLength(1 + rows.length);
  for (const text of ['Title &amp; more', 'a&lt;b', '-12.3', 'failed', '1.2 kB saved', 'quantize'])
    expect(svg).toContain(`>${text}<`);
  expect(svg).not.toMatch(/NaN|undefined/);
});
