import { formatDuration } from '../../dashboard/format.ts';
import type { Run, TrialRow } from '../study/picture.ts';
import { axisLook } from './axes.ts';
import type { Chart, ChartInput } from './chart.ts';

/** Older runs are left out: bars thinner than a pixel say nothing. */
const mostRuns = 1500;
const rowHeight = 26;

interface Bar extends Run {
  readonly row: TrialRow;
}

const barsOf = ({ study }: ChartInput): Bar[] =>
  study.picture.rows
    .flatMap((row) => row.runs.map((run) => ({ ...run, row })))
    .sort((a, b) => a.start - b.start)
    .slice(-mostRuns);

const lastMoment = ({ study }: ChartInput): number =>
  study.picture.rows.reduce((last, { runs }) => runs.reduce((latest, { start, end }) => Math.max(latest, end ?? start), last), 0);

const workersOf = (bars: readonly Bar[]): number => bars.reduce((most, { worker }) => Math.max(most, worker + 1), 0);

/** Which worker trained which trial when. */
export const timelineChart: Chart = {
  name: 'timeline',
  title: 'Workers',
  height: (input) => 90 + rowHeight * Math.max(1, workersOf(barsOf(input))),
  describe(input) {
    const bars = barsOf(input);
    if (bars.length === 0) return 'No worker has started yet.';
    const all = input.study.picture.rows.reduce((sum, { runs }) => sum + runs.length, 0);
    const part = all > bars.length ? `; the latest ${bars.length} are drawn` : '';
    return `${all} runs on ${workersOf(bars)} workers over ${formatDuration(lastMoment(input) - Math.min(...bars.map(({ start }) => start)))}${part}.`;
  },
  option(input) {
    const bars = barsOf(input);
    if (bars.length === 0) return undefined;
    const { look, study, view } = input;
    const shared = axisLook(look);
    const { onFront } = study.analysis;
    const end = lastMoment(input);
    const start = bars[0]!.start;
    const color = ({ row, end: stopped }: Bar) => {
      if (row.number === view.selected) return look.selected;
      if (stopped === null) return look.series(4);
      if (row.state === 'failed') return look.series(3);
      return onFront.has(row.number) ? look.front : look.trial;
    };
    return {
      animation: false,
      grid: { left: 62, right: 22, top: 10, bottom: 46 },
      dataZoom: [{ id: 'zoom-time', type: 'inside', xAxisIndex: 0, filterMode: 'weakFilter' }],
      xAxis: {
        ...shared,
        type: 'value',
        min: start,
        max: Math.max(end, start + 1000),
        name: 'time',
        nameLocation: 'middle',
        nameGap: 28,
        splitLine: { show: false },
        axisLabel: {
          ...shared.axisLabel,
          formatter: (ms: number) => formatDuration(ms),
          showMinLabel: false,
          showMaxLabel: false,
        },
      },
      yAxis: {
        ...shared,
        type: 'category',
        inverse: true,
        data: Array.from({ length: workersOf(bars) }, (_, i) => `${i + 1}`),
        name: 'worker',
        nameLocation: 'middle',
        nameGap: 30,
      },
      series: [
        {
          id: 'runs',
          type: 'custom',
          encode: { x: [1, 2], y: 0 },
          renderItem: (params: Box, api: Api) => block(params, api, color(bars[params.dataIndex]!)),
          data: bars.map((bar) => [bar.worker, bar.start, bar.end ?? end, bar.row.number]),
        },
      ],
    };
  },
};

interface Box {
  readonly dataIndex: number;
  readonly coordSys: { readonly x: number; readonly width: number };
}

interface Api {
  value(dimension: number): number;
  coord(point: readonly number[]): readonly [number, number];
}

/** A bar with a pixel of air, cut at the edges of the grid. */
function block({ coordSys }: Box, api: Api, fill: string) {
  const [left, middle] = api.coord([api.value(1), api.value(0)]);
  const [right] = api.coord([api.value(2), api.value(0)]);
  const x = Math.max(left, coordSys.x);
  const width = Math.min(right, coordSys.x + coordSys.width) - x;
  if (width <= 0) return undefined;
  const height = rowHeight - 10;
  return { type: 'rect', shape: { x, y: middle - height / 2, width: Math.max(1, width - 1), height, r: 2 }, style: { fill } };
}
