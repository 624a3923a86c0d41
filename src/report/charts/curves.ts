import { dashOf } from '../palette.ts';
import type { TrialDetails } from '../study/picture.ts';
import { axisLook } from './axes.ts';
import type { Chart, ChartInput } from './chart.ts';

/** Trials whose curves are drawn: the selected one, those that are compared, else the front as far as it was looked up. */
function shownTrials({ view, details, study }: ChartInput): TrialDetails[] {
  const chosen = [...new Set([...(view.selected === undefined ? [] : [view.selected]), ...view.pinned])];
  const numbers = chosen.length > 0 ? chosen : study.analysis.front.map(({ number }) => number);
  return numbers
    .flatMap((number) => details.get(number) ?? [])
    .filter(({ curve }) => curve.length > 0)
    .slice(0, 12);
}

/** Training loss along the epochs. */
export const curvesChart: Chart = {
  name: 'curves',
  title: 'Learning curves',
  height: () => 260,
  describe(input) {
    const shown = shownTrials(input);
    if (shown.length === 0)
      return 'Choose a trial that was trained to see how its loss fell. What is only quantized is not trained.';
    return shown
      .map(
        ({ number, curve }) =>
          `Trial ${number}: loss ${curve.at(-1)!.loss.toFixed(3)} after ${Number(curve.at(-1)!.epoch.toPrecision(3))} epochs.`,
      )
      .join(' ');
  },
  option(input) {
    const shown = shownTrials(input);
    if (shown.length === 0) return undefined;
    const { look, view } = input;
    const shared = axisLook(look);
    const color = (number: number, i: number) => (number === view.selected ? look.selected : look.series(i + 2));
    return {
      animation: false,
      grid: { left: 62, right: 22, top: 34, bottom: 46 },
      legend: { top: 4, type: 'scroll', textStyle: { color: look.ink }, pageTextStyle: { color: look.ink } },
      xAxis: {
        ...shared,
        type: 'value',
        min: 0,
        name: 'epochs',
        nameLocation: 'middle',
        nameGap: 28,
        splitLine: { show: false },
        minInterval: 1,
      },
      yAxis: { ...shared, type: 'value', scale: true, name: 'training loss', nameLocation: 'middle', nameGap: 46 },
      series: shown.map(({ number, curve }, i) => ({
        id: `trial ${number}`,
        name: `trial ${number}`,
        type: 'line',
        showSymbol: curve.length < 24,
        symbolSize: 6,
        lineStyle: { width: number === view.selected ? 2.5 : 1.5, color: color(number, i), type: dashOf(i) },
        itemStyle: { color: color(number, i) },
        data: curve.map(({ epoch, loss }) => [epoch, loss, number]),
      })),
    };
  },
};
