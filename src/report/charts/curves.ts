import { counted } from '../../core/words.ts';
import { dashOf } from '../palette.ts';
import { axisLook } from './axes.ts';
import type { Chart, ChartInput } from './chart.ts';

interface Shown {
  readonly number: number;
  readonly curve: readonly { readonly epoch?: number; readonly loss: number }[];
  readonly runs: boolean;
}

/**
 * Trials whose curves are drawn: the selected one and those that are compared; where there are none, those that run now and
 * the front, as far as it was looked up.
 */
function shownTrials({ view, details, running, study }: ChartInput): Shown[] {
  const chosen = [...(view.selected === undefined ? [] : [view.selected]), ...view.pinned];
  const numbers = chosen.length > 0 ? chosen : [...running.keys(), ...study.analysis.front.map(({ number }) => number)];
  return [...new Set(numbers)]
    .map((number) => ({
      number,
      curve: running.get(number)?.curve ?? details.get(number)?.curve ?? [],
      runs: running.has(number),
    }))
    .filter(({ curve }) => curve.length > 0)
    .slice(0, 12);
}

const nameOf = ({ number, runs }: Shown): string => `trial ${number}${runs ? ', running' : ''}`;

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
        ({ number, curve, runs }) =>
          `Trial ${number}${runs ? ' runs' : ''}: loss ${curve.at(-1)!.loss.toFixed(3)} after ${counted(Number((curve.at(-1)!.epoch ?? 0).toPrecision(3)), 'epoch')}.`,
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
      series: shown.map(({ number, curve, ...rest }, i) => ({
        id: `trial ${number}`,
        name: nameOf({ number, curve, ...rest }),
        type: 'line',
        showSymbol: curve.length < 24,
        symbolSize: 6,
        lineStyle: { width: number === view.selected ? 2.5 : 1.5, color: color(number, i), type: dashOf(i) },
        itemStyle: { color: color(number, i) },
        data: curve.map(({ epoch, loss }, step) => [epoch ?? step + 1, loss, number]),
      })),
    };
  },
};
