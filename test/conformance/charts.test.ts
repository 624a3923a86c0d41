import { describe, expect, it } from 'vitest';
import { detailsOf, headOf } from '../../src/cli/study-picture.ts';
import type { ChartInput } from '../../src/report/charts/chart.ts';
import { hypervolumeChart } from '../../src/report/charts/hypervolume.ts';
import { charts } from '../../src/report/charts/index.ts';
import { darkLook, lightLook } from '../../src/report/charts/look.ts';
import { drawChart } from '../../src/report/draw.ts';
import { analysePicture, importancesFor } from '../../src/report/study/analysis.ts';
import { LiveStudy } from '../../src/report/study/live-study.ts';
import { type MadeUpStudy, madeUpStudy } from '../fixtures/made-up-study.ts';

function inputOf({ record, events }: MadeUpStudy, selected?: number): ChartInput {
  const live = new LiveStudy(record, headOf(record, 'nas.db'));
  for (const event of events) live.apply(event);
  const picture = live.picture();
  const analysis = analysePicture(picture);
  const numbers = [...new Set([...(selected === undefined ? [] : [selected]), ...analysis.onFront])];
  return {
    study: { picture, analysis },
    others: [],
    view: {
      selected,
      pinned: selected === undefined ? [] : [1, 2],
      filters: {},
      x: 'size',
      y: 'accuracy',
      z: 'latencyMs',
      metric: 'accuracy',
      turn: [-0.6, 0.4],
    },
    look: lightLook,
    details: new Map(numbers.flatMap((number) => [[number, detailsOf(live.view, number)!] as const])),
    running: new Map(),
    importances: new Map([['accuracy', importancesFor(picture, 'accuracy')]]),
    kept: undefined,
    width: 720,
    height: 400,
  };
}

describe.each(charts)('chart $name', (chart) => {
  const whole = inputOf(madeUpStudy({ trials: 40, fails: (trial) => trial === 7 }), 5);

  it('draws a study in light and dark, the same for the same study', () => {
    const svg = drawChart(chart, whole)!;
    expect(svg).toMatch(/^<svg/);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(drawChart(chart, whole)).toBe(svg);
    expect(drawChart(chart, { ...whole, look: darkLook })).toContain(darkLook.card);
    expect(chart.describe(whole)).toMatch(/\d.*\.$/s);
  });

  it('follows what is chosen, filtered and compared', () => {
    const kept = new Set([0, 1, 2, 3]);
    const others = [inputOf(madeUpStudy({ name: 'other', trials: 20, seed: '2' })).study];
    const svg = drawChart(chart, { ...whole, kept, others, view: { ...whole.view, x: 'macs', metric: 'size' } });
    expect(svg ?? '').not.toMatch(/NaN|undefined|Infinity/);
  });

  it.each([
    ['an empty study', madeUpStudy({ trials: 0 })],
    ['one that only failed', madeUpStudy({ trials: 4, fails: () => true })],
    ['one with a single trial', madeUpStudy({ trials: 1 })],
  ])('has words for %s', (_, study) => {
    const input = inputOf(study);
    expect(chart.describe(input)).toMatch(/\.$/);
    expect(drawChart(chart, input) ?? '').not.toMatch(/NaN|undefined|Infinity/);
  });
});

it('a hypervolume without a front is not said to have grown', () => {
  const input = inputOf(madeUpStudy({ trials: 20 }));
  const { head, ...rest } = input.study.picture;
  const constraints = [{ metric: 'accuracy', op: '>=', bound: 2 } as const];
  const picture = { ...rest, head: { ...head, goal: { ...head.goal, constraints } } };
  const said = hypervolumeChart.describe({ ...input, study: { picture, analysis: analysePicture(picture) } });
  expect(said).toBe('Hypervolume 0.0000 after 20 trials; it has not grown yet.');
});
