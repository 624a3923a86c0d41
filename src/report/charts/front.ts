import { formatMetric, metricFormat } from '../../dashboard/format.ts';
import { spreadOf } from '../../search/study/noise.ts';
import { dashOf } from '../palette.ts';
import { isFeasible, isMeasured } from '../study/analysis.ts';
import type { TrialRow } from '../study/picture.ts';
import { metricAxis, paddedExtent } from './axes.ts';
import type { Chart, ChartInput } from './chart.ts';
import { type PlotAxis, thinned } from './thin.ts';

/** Room around the plot for the axes, in pixels. */
const grid = { left: 62, right: 22, top: 18, bottom: 48 };

/** From so many points on, ECharts draws them in one go; as squares, which is quick, below 4 pixels. */
const manyPoints = 3000;

/** Every measured trial, the Pareto front, what the constraints forbid, and the noise of the front. */
export const frontChart: Chart = {
  name: 'front',
  title: 'Pareto front',
  height: ({ width }) => Math.round(Math.min(460, Math.max(320, width * 0.52))),
  describe({ study: { picture, analysis }, view }) {
    const { front } = analysis;
    const measured = picture.rows.filter(isMeasured).length;
    if (measured === 0) return 'No trial has been measured yet.';
    if (front.length === 0) return `${measured} measured trials, none of which keeps every constraint.`;
    const of = (metric: string) => front.map(({ metrics }) => metrics[metric] ?? Number.NaN).filter(Number.isFinite);
    const range = (metric: string) =>
      `${metricFormat(metric).label} from ${formatMetric(metric, Math.min(...of(metric)))} to ${formatMetric(metric, Math.max(...of(metric)))}`;
    return `${measured} measured trials, ${front.length} of them on the Pareto front: ${range(view.y)}, ${range(view.x)}.`;
  },
  option(input) {
    const { study, view, look } = input;
    const { head, rows } = study.picture;
    const measured = rows.filter(({ metrics }) => metrics[view.x] !== undefined && metrics[view.y] !== undefined);
    if (measured.length === 0) return undefined;
    const shown = [...measured, ...input.others.flatMap(({ analysis }) => analysis.front)];
    return {
      animation: false,
      grid,
      xAxis: { ...metricAxis(head, view.x, shown, look), nameGap: 28 },
      yAxis: { ...metricAxis(head, view.y, shown, look), nameGap: 46 },
      dataZoom: [
        { id: 'zoom-x', type: 'inside', xAxisIndex: 0, filterMode: 'none' },
        { id: 'zoom-y', type: 'inside', yAxisIndex: 0, filterMode: 'none' },
      ],
      series: [
        forbidden(input),
        ...points(input, measured),
        frontLine(input),
        ...input.others.map((_, i) => otherFront(input, i)),
        noise(input),
        marks(input),
      ],
    };
  },
};

const at = (row: TrialRow, { view }: ChartInput) => [row.metrics[view.x]!, row.metrics[view.y]!, row.number];

/** Dominated trials pale, those that miss a constraint paler; a filter dims what it leaves out. */
function points(input: ChartInput, measured: readonly TrialRow[]) {
  const { study, look, kept } = input;
  const { onFront } = study.analysis;
  const rest = measured.filter(({ number }) => !onFront.has(number));
  const isOut = (row: TrialRow) => !isFeasible(row, study.picture.head.goal) || (kept !== undefined && !kept.has(row.number));
  const axes = rest.length > manyPoints ? plotAxes(input, measured) : undefined;
  const cloud = (id: string, all: readonly TrialRow[], color: string, opacity: number) => {
    const rows = axes ? thinned(all, ...axes) : all;
    return {
      id,
      type: 'scatter',
      large: rows.length > manyPoints,
      largeThreshold: manyPoints,
      progressive: 0,
      symbolSize: rows.length > manyPoints ? 3 : 7,
      itemStyle: { color, opacity },
      emphasis: { disabled: rows.length > manyPoints },
      data: rows.map((row) => at(row, input)),
      z: 2,
    };
  };
  return [
    cloud('out', rest.filter(isOut), look.infeasible, kept ? 0.35 : 0.8),
    cloud(
      'trials',
      rest.filter((row) => !isOut(row)),
      look.trial,
      0.7,
    ),
  ];
}

/** The two axes as far as they were zoomed. */
function plotAxes({ study, view, zoom, width, height }: ChartInput, rows: readonly TrialRow[]): readonly [PlotAxis, PlotAxis] {
  const axis = (metric: string, pixels: number, range: readonly [number, number] | undefined): PlotAxis => {
    const { log, low, high } = paddedExtent(study.picture.head, metric, rows);
    const by = log ? Math.log : (value: number) => value;
    const place = (value: number) => (by(value) - by(low)) / (by(high) - by(low));
    return { metric, pixels, place, window: range ? [place(range[0]), place(range[1])] : [0, 1] };
  };
  return [axis(view.x, width - grid.left - grid.right, zoom?.x), axis(view.y, height - grid.top - grid.bottom, zoom?.y)];
}

/** The members, joined by the staircase of what is reached where the axes are what is searched for. */
function frontLine(input: ChartInput) {
  const { study, view, look, kept } = input;
  const { head } = study.picture;
  const better = (metric: string) => head.goal.objectives.find((objective) => objective.metric === metric)?.direction;
  const isGoal =
    head.goal.objectives.length === 2 && better(view.x) !== undefined && better(view.y) !== undefined && view.x !== view.y;
  const sign = better(view.x) === 'maximize' ? -1 : 1;
  const members = study.analysis.front.filter(({ metrics }) => metrics[view.x] !== undefined && metrics[view.y] !== undefined);
  const sorted = [...members].sort((a, b) => sign * (a.metrics[view.x]! - b.metrics[view.x]!));
  return {
    id: 'front',
    type: 'line',
    step: 'end',
    symbol: 'circle',
    symbolSize: 9,
    showAllSymbol: true,
    lineStyle: { color: look.front, width: isGoal ? 1.5 : 0, opacity: 0.8 },
    itemStyle: { color: look.front, borderColor: look.card, borderWidth: 1.5, opacity: 1 },
    data: sorted.map((row) => ({
      value: at(row, input),
      itemStyle: { opacity: kept === undefined || kept.has(row.number) ? 1 : 0.25 },
    })),
    z: 5,
  };
}

function otherFront(input: ChartInput, index: number) {
  const { picture, analysis } = input.others[index]!;
  const color = input.look.series(index + 2);
  const { view } = input;
  const members = analysis.front.filter(({ metrics }) => metrics[view.x] !== undefined && metrics[view.y] !== undefined);
  return {
    id: `other-${picture.head.name}`,
    name: picture.head.name,
    type: 'line',
    step: 'end',
    symbol: 'diamond',
    symbolSize: 7,
    silent: true,
    lineStyle: { color, width: 1.5, type: dashOf(index + 1) },
    itemStyle: { color },
    // No trial number: those of another study mean something else.
    data: [...members]
      .sort((a, b) => a.metrics[view.x]! - b.metrics[view.x]!)
      .map(({ metrics }) => [metrics[view.x]!, metrics[view.y]!]),
    z: 4,
  };
}

/** The side of every bound on one of the two axes that no model may lie on. */
function forbidden({ study, view, look }: ChartInput) {
  const areas = study.picture.head.goal.constraints.flatMap(({ metric, op, bound }) => {
    const axis = metric === view.x ? 'xAxis' : metric === view.y ? 'yAxis' : undefined;
    if (!axis) return [];
    const label = `${metricFormat(metric).label} ${op === '>=' ? '≥' : '≤'} ${formatMetric(metric, bound)}`;
    return [[{ [axis]: op === '>=' ? 'min' : bound, name: label }, { [axis]: op === '>=' ? bound : 'max' }]];
  });
  const label = { color: look.muted, fontSize: 11, position: 'insideBottomRight', distance: 8 };
  return {
    id: 'forbidden',
    type: 'scatter',
    silent: true,
    data: [],
    markArea: {
      silent: true,
      itemStyle: { color: look.forbidden, borderColor: look.muted, borderWidth: 0.5, borderType: 'dashed' },
      label,
      data: areas,
    },
  };
}

/**
 * A cross at every member of the front: where another measurement of it may lie. Around the mean of its replications where it
 * has some; else around the trial, as far as its own measurement tells its noise.
 */
function noise({ study, view, look }: ChartInput) {
  const replicated = new Set(study.picture.replicates.map(({ trial }) => trial));
  const data = [
    ...[...replicated].flatMap((trial) => {
      const runs = study.picture.replicates.filter((run) => run.trial === trial);
      const [x, y] = [view.x, view.y].map((metric) => spreadOf(runs.map(({ metrics }) => metrics[metric] ?? Number.NaN)));
      if (runs.length < 2 || !Number.isFinite(x!.mean + y!.mean)) return [];
      const [left, right] = [x!.mean - x!.deviation, x!.mean + x!.deviation];
      return [[x!.mean, y!.mean, left, right, y!.mean - y!.deviation, y!.mean + y!.deviation]];
    }),
    ...study.analysis.front.flatMap(({ number, metrics, ranges }) => {
      const [x, y] = [metrics[view.x], metrics[view.y]];
      if (replicated.has(number) || x === undefined || y === undefined) return [];
      return [[x, y, ...(ranges[view.x] ?? [x, x]), ...(ranges[view.y] ?? [y, y])]];
    }),
  ];
  return {
    id: 'noise',
    type: 'custom',
    silent: true,
    data,
    z: 4,
    encode: { x: 0, y: 1 },
    renderItem: (_: unknown, api: CustomApi) => cross(api, look.front),
  };
}

interface CustomApi {
  value(dimension: number): number;
  coord(point: readonly number[]): readonly [number, number];
}

function cross(api: CustomApi, stroke: string) {
  const dimensions = [0, 1, 2, 3, 4, 5].map((dimension) => api.value(dimension));
  const [x, y, left, right, low, high] = dimensions as [number, number, number, number, number, number];
  const style = { stroke, lineWidth: 1.2, opacity: 0.75 };
  const line = (from: readonly [number, number], to: readonly [number, number]) => ({
    type: 'line',
    shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] },
    style,
  });
  return {
    type: 'group',
    children: [line(api.coord([left, y]), api.coord([right, y])), line(api.coord([x, low]), api.coord([x, high]))],
  };
}

/** Baseline, pinned trials and the selected one, above everything else. */
function marks(input: ChartInput) {
  const { study, view, look } = input;
  const { rows } = study.picture;
  const mark = (number: number, style: Record<string, unknown>) => {
    const row = rows[number];
    return row?.metrics[view.x] === undefined || row.metrics[view.y] === undefined ? [] : [{ value: at(row, input), ...style }];
  };
  const ring = (color: string, size: number) => ({
    symbol: 'circle',
    symbolSize: size,
    itemStyle: { color: 'transparent', borderColor: color, borderWidth: 2.5 },
  });
  const label = (formatter: string, color: string) => ({
    label: {
      show: true,
      formatter,
      position: 'top',
      color,
      fontSize: 11,
      fontWeight: 600,
      textBorderColor: look.card,
      textBorderWidth: 3,
    },
  });
  return {
    id: 'marks',
    type: 'scatter',
    z: 8,
    data: [
      ...mark(0, {
        symbol: 'diamond',
        symbolSize: 13,
        itemStyle: { color: look.baseline, borderColor: look.card, borderWidth: 1.5 },
        ...label('baseline', look.ink),
      }),
      ...view.pinned.flatMap((number, i) =>
        mark(number, { ...ring(look.series(i + 2), 15), ...label(String(number), look.ink) }),
      ),
      ...(view.selected === undefined
        ? []
        : mark(view.selected, { ...ring(look.selected, 18), ...label(String(view.selected), look.selected) })),
    ],
  };
}
