import { dashOf } from '../palette.ts';
import { historyIn, isMeasured } from '../study/analysis.ts';
import { axisLook } from './axes.ts';
import type { Chart } from './chart.ts';

/** How much of the objective space the front covers, trial by trial; other studies in the frame of this one. */
export const hypervolumeChart: Chart = {
  name: 'hypervolume',
  title: 'Hypervolume',
  height: () => 260,
  describe({ study: { analysis } }) {
    const last = analysis.history.at(-1);
    if (!last) return 'The hypervolume is measured once the baseline and the anchors are there.';
    const best = analysis.history.findLast((point, i, all) => point.hypervolume > (all[i - 1]?.hypervolume ?? 0));
    const grew = best ? `it grew last with trial ${best.trial}` : 'it has not grown yet';
    return `Hypervolume ${last.hypervolume.toFixed(4)} after ${last.finished} trials; ${grew}.`;
  },
  option({ study, others, look }) {
    const { analysis, picture } = study;
    const { frame, history } = analysis;
    if (!frame || history.length === 0) return undefined;
    const shared = axisLook(look);
    const curve = (name: string, points: typeof history, index: number) => ({
      id: name,
      name,
      type: 'line',
      step: 'end',
      showSymbol: false,
      lineStyle: { width: 2, color: index === 0 ? look.front : look.series(index + 1), type: dashOf(index) },
      itemStyle: { color: index === 0 ? look.front : look.series(index + 1) },
      ...(index === 0 ? { areaStyle: { color: look.front, opacity: 0.07 } } : {}),
      data: points.map(({ finished, hypervolume, trial }) => [finished, hypervolume, trial]),
    });
    return {
      animation: false,
      grid: { left: 62, right: 22, top: others.length > 0 ? 34 : 16, bottom: 46 },
      legend: { show: others.length > 0, top: 4, textStyle: { color: look.ink } },
      xAxis: {
        ...shared,
        type: 'value',
        min: 0,
        max: 'dataMax',
        name: 'finished trials',
        nameLocation: 'middle',
        nameGap: 28,
        splitLine: { show: false },
      },
      yAxis: { ...shared, type: 'value', scale: true, name: 'hypervolume', nameLocation: 'middle', nameGap: 46 },
      series: [
        curve(picture.head.name, history, 0),
        ...others.map((other, i) =>
          curve(other.picture.head.name, historyIn(frame, other.picture.rows.filter(isMeasured), picture.head.goal), i + 1),
        ),
      ],
    };
  },
};
