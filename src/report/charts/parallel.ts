import { metricFormat } from '../../dashboard/format.ts';
import type { ParameterHead, StudyHead, TrialRow } from '../study/picture.ts';
import { axisText, extent, isLog } from './axes.ts';
import type { Chart, ChartInput } from './chart.ts';

/** Lines drawn at most beside the front: more are a solid block, and slow. */
const mostLines = 1200;
/** Parameters shown at most: those that matter most, in the network's order. */
export const mostAxes = 12;

/** One axis: a parameter by its place in the head, or a metric. */
export interface ParallelAxis {
  /** Name of the parameter or the metric; also that of its filter. */
  readonly name: string;
  readonly parameter?: number;
}

/** The parameters that explain most of the chosen metric, in the network's order, then the objectives. */
export function parallelAxes({ study, importances, view }: Pick<ChartInput, 'study' | 'importances' | 'view'>): ParallelAxis[] {
  const { parameters, goal } = study.picture.head;
  const shares = importances.get(view.metric);
  const order = parameters.map((_, i) => i);
  if (shares) order.sort((a, b) => shares[b]! - shares[a]! || a - b);
  const filtered = order.filter((i) => view.filters[parameters[i]!.name]);
  const shown = [...new Set([...filtered, ...order])].slice(0, mostAxes).sort((a, b) => a - b);
  return [
    ...shown.map((parameter) => ({ name: parameters[parameter]!.name, parameter })),
    ...goal.objectives.map(({ metric }) => ({ name: metric })),
  ];
}

/** Where a trial crosses an axis; null where it does not. */
export const valueOn = ({ name, parameter }: ParallelAxis, row: TrialRow): number | null =>
  parameter === undefined ? (row.metrics[name] ?? null) : (row.positions[parameter] ?? null);

/** Trials that every filter keeps; undefined where there is no filter. */
export function keptBy(
  head: StudyHead,
  rows: readonly TrialRow[],
  filters: ChartInput['view']['filters'],
): ReadonlySet<number> | undefined {
  const entries = Object.entries(filters);
  if (entries.length === 0) return undefined;
  const bounds = entries.map(([name, [low, high]]) => {
    const parameter = head.parameters.findIndex((each) => each.name === name);
    return { axis: parameter < 0 ? { name } : { name, parameter }, low, high };
  });
  const keeps = (row: TrialRow) =>
    bounds.every(({ axis, low, high }) => {
      const value = valueOn(axis, row);
      return value !== null && value >= low && value <= high;
    });
  return new Set(rows.filter(keeps).map(({ number }) => number));
}

/** The choices of every trial, one line each; drag along an axis to filter. */
export const parallelChart: Chart = {
  name: 'parallel',
  title: 'Choices',
  height: () => 380,
  describe(input) {
    const { study, kept } = input;
    const { head, rows } = study.picture;
    const axes = parallelAxes(input).filter(({ parameter }) => parameter !== undefined).length;
    const part =
      axes < head.parameters.length ? `the ${axes} of ${head.parameters.length} choices that matter most` : `all ${axes} choices`;
    const lines = drawn(input).length;
    const sample = lines < measuredRows(input).length ? ` ${lines} of them are drawn beside the front.` : '';
    return `${rows.length} trials over ${part}.${sample}${kept ? ` ${kept.size} keep the filter.` : ''}`;
  },
  option(input) {
    const { look, study, view, kept } = input;
    const rows = measuredRows(input);
    const axes = parallelAxes(input);
    if (rows.length === 0 || axes.length < 2) return undefined;
    const { onFront } = study.analysis;
    const lineOf = (row: TrialRow) => [...axes.map((axis) => spread(axis, row)), row.number];
    const isKept = ({ number }: TrialRow) => kept === undefined || kept.has(number);
    const layer = (id: string, some: readonly TrialRow[], lineStyle: Record<string, unknown>, z: number) => ({
      id,
      type: 'parallel',
      smooth: 0.15,
      progressive: 0,
      inactiveOpacity: 0.03,
      activeOpacity: lineStyle['opacity'],
      lineStyle,
      emphasis: { disabled: true },
      data: some.map((row) => ({ value: lineOf(row) })),
      z,
    });
    const cloud = drawn(input);
    const opacity = Math.max(0.08, Math.min(0.5, 60 / cloud.length));
    const front = rows.filter(({ number }) => onFront.has(number));
    const selected = view.selected === undefined ? [] : rows.filter(({ number }) => number === view.selected);
    return {
      animation: false,
      parallel: { left: 60, right: 70, top: 96, bottom: 26, axisExpandable: false, parallelAxisDefault: {} },
      parallelAxis: axes.map((axis, dim) => axisOption(axis, dim, input, rows)),
      series: [
        layer(
          'dim',
          cloud.filter((row) => !isKept(row)),
          { color: look.infeasible, width: 1, opacity: 0.12 },
          1,
        ),
        layer('cloud', cloud.filter(isKept), { color: look.trial, width: 1, opacity }, 2),
        layer('front', front.filter(isKept), { color: look.front, width: 1.8, opacity: 0.85 }, 3),
        layer('selected', selected, { color: look.selected, width: 3.5, opacity: 1 }, 4),
      ],
    };
  },
};

const measuredRows = ({ study }: ChartInput): TrialRow[] =>
  study.picture.rows.filter(
    ({ metrics, positions }) => Object.keys(metrics).length > 0 && positions.some((position) => position !== null),
  );

/** An even sample of the trials that are not on the front; what a filter keeps comes first. */
function drawn(input: ChartInput): TrialRow[] {
  const { onFront } = input.study.analysis;
  const { kept } = input;
  const rest = measuredRows(input).filter(({ number }) => !onFront.has(number));
  if (rest.length <= mostLines) return rest;
  const first = kept ? rest.filter(({ number }) => kept.has(number)) : [];
  const every = Math.ceil(rest.length / mostLines);
  const sample = rest.filter((row, i) => i % every === 0 && !kept?.has(row.number));
  return [...first.slice(0, mostLines), ...sample].slice(0, mostLines);
}

/** Levels have room to both sides, so that lines through the same level can be told apart. */
const room = 0.16;

function spread(axis: ParallelAxis, row: TrialRow): number | string {
  const value = valueOn(axis, row);
  if (value === null) return '-';
  if (axis.parameter === undefined || !Number.isInteger(value)) return value;
  // The golden ratio strews the numbers of neighbouring trials evenly.
  return value + (((row.number * 0.618_034) % 1) - 0.5) * 2 * room;
}

function axisOption(axis: ParallelAxis, dim: number, { study, look, view }: ChartInput, rows: readonly TrialRow[]) {
  const { head } = study.picture;
  const parameter = axis.parameter === undefined ? undefined : head.parameters[axis.parameter];
  const shared = {
    id: axis.name,
    dim,
    name: parameter ? nameOf(parameter) : metricFormat(axis.name).label,
    nameLocation: 'end',
    nameGap: 14,
    // All alike: the end of a slanted name would lie over one that is not.
    nameRotate: 28,
    nameTextStyle: {
      color: parameter ? look.ink : look.front,
      fontSize: 10.5,
      align: 'left',
      lineHeight: 13,
      fontWeight: parameter ? 400 : 600,
    },
    axisLine: { lineStyle: { color: look.muted, opacity: 0.6 } },
    axisTick: { show: false },
    areaSelectStyle: { width: 18, borderWidth: 1, borderColor: look.selected, color: look.selected, opacity: 0.25 },
    ...(view.filters[axis.name] ? { realtime: true } : { realtime: false }),
  };
  const label = (formatter: (value: number) => string) => ({
    color: look.muted,
    fontSize: 10,
    formatter,
    textBorderColor: look.card,
    textBorderWidth: 3,
  });
  if (parameter?.levels) {
    const { levels } = parameter;
    return {
      ...shared,
      type: 'value',
      min: -0.4,
      max: levels.length - 0.6,
      interval: 1,
      axisLabel: {
        ...label((at) => (Number.isInteger(at) ? String(levels[at] ?? '') : '')),
        customValues: levels.map((_, i) => i),
      },
    };
  }
  if (parameter)
    return {
      ...shared,
      type: 'value',
      min: parameter.low,
      max: parameter.high,
      axisLabel: label((at) => String(Number(at.toPrecision(3)))),
    };
  const values = rows.flatMap(({ metrics }) => metrics[axis.name] ?? []);
  const [low, high] = extent(values);
  return {
    ...shared,
    type: isLog(head, axis.name, values) ? 'log' : 'value',
    scale: true,
    min: low,
    max: high,
    axisLabel: label((at) => axisText(axis.name, at)),
  };
}

const nameOf = ({ site, technique, knob }: ParameterHead): string =>
  site ? `${site}\n${technique} ${knob}` : `${technique}\n${knob}`;
