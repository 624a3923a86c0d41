import { formatMetric, metricFormat } from '../../dashboard/format.ts';
import { isFeasible } from '../study/analysis.ts';
import type { TrialRow } from '../study/picture.ts';
import { extent, isLog } from './axes.ts';
import type { Chart, ChartInput } from './chart.ts';

type Point3 = readonly [x: number, y: number, z: number];
type Point2 = readonly [x: number, y: number];

/** Distance of the eye from the middle of the cube, in lengths of its edges. */
const eye = 3.2;
/**
 * What is seen of the plane, from the middle up: however the cube is turned, its corners come to 0.9; the rest is for the sign
 * and the name of a point that lies in one.
 */
const tall = 1;
const manyPoints = 3000;

/**
 * The cube [-½, ½]³ as it is seen: turned by `yaw` around the vertical axis, from `pitch` above, in perspective. The
 * third number is the depth: smaller is nearer.
 */
export function project([x, y, z]: Point3, [yaw, pitch]: readonly [number, number]): Point3 {
  const [right, away] = [x * Math.cos(yaw) - y * Math.sin(yaw), x * Math.sin(yaw) + y * Math.cos(yaw)];
  const up = z * Math.cos(pitch) + away * Math.sin(pitch);
  const depth = away * Math.cos(pitch) - z * Math.sin(pitch);
  const scale = eye / (eye + depth);
  return [right * scale, up * scale, depth];
}

/** Three metrics at once; drag to turn. */
export const front3dChart: Chart = {
  name: 'front-3d',
  title: 'Pareto front in three dimensions',
  height: ({ width }) => Math.round(Math.min(480, Math.max(340, width * 0.6))),
  describe({ study: { analysis }, view }) {
    const names = [view.x, view.y, view.z].map((metric) => metricFormat(metric).label).join(', ');
    return `${names} of every measured trial; ${analysis.front.length} trials on the Pareto front, with a line down to the floor each.`;
  },
  option(input) {
    const { study, view, look } = input;
    const metrics = [view.x, view.z, view.y] as const;
    const rows = study.picture.rows.filter((row) => metrics.every((metric) => row.metrics[metric] !== undefined));
    if (rows.length === 0) return undefined;
    const scales = metrics.map((metric) => scaleOf(input, metric, rows));
    const place = (row: TrialRow): Point3 =>
      metrics.map((metric, i) => scales[i]!.place(row.metrics[metric]!)) as unknown as Point3;
    const see = (point: Point3): Point2 => project(point, view.turn).slice(0, 2) as unknown as Point2;
    const wide = (tall * input.width) / input.height;
    const axis = { type: 'value', show: false };
    const { onFront, front } = study.analysis;
    const cloud = rows.filter(({ number }) => !onFront.has(number));
    return {
      animation: false,
      grid: { left: 0, right: 0, top: 0, bottom: 0 },
      xAxis: { ...axis, min: -wide, max: wide },
      yAxis: { ...axis, min: -tall, max: tall },
      series: [
        cage(input, see),
        ...bounds(input, metrics, scales, see),
        labels(input, metrics, scales, see),
        {
          id: 'cloud',
          type: 'scatter',
          large: cloud.length > manyPoints,
          largeThreshold: manyPoints,
          progressive: 0,
          symbolSize: cloud.length > manyPoints ? 3 : 6,
          itemStyle: { color: look.trial, opacity: 0.55 },
          data: cloud.filter((row) => isFeasible(row, study.picture.head.goal)).map((row) => [...see(place(row)), row.number]),
          z: 3,
        },
        {
          id: 'cloud-out',
          type: 'scatter',
          large: cloud.length > manyPoints,
          largeThreshold: manyPoints,
          progressive: 0,
          symbolSize: cloud.length > manyPoints ? 3 : 6,
          itemStyle: { color: look.infeasible, opacity: 0.8 },
          data: cloud.filter((row) => !isFeasible(row, study.picture.head.goal)).map((row) => [...see(place(row)), row.number]),
          z: 2,
        },
        stems(input, front.filter((row) => rows.includes(row)).map(place), see),
        {
          id: 'front',
          type: 'scatter',
          symbolSize: 10,
          itemStyle: { color: look.front, borderColor: look.card, borderWidth: 1.5 },
          data: front.filter((row) => rows.includes(row)).map((row) => [...see(place(row)), row.number]),
          z: 5,
        },
        chosen(input, place, see),
      ],
    };
  },
};

interface Scale {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  place(value: number): number;
}

function scaleOf({ study }: ChartInput, metric: string, rows: readonly TrialRow[]): Scale {
  const values = rows.map(({ metrics }) => metrics[metric]!);
  const log = isLog(study.picture.head, metric, values);
  const [low, high] = extent(values);
  const by = log ? Math.log : (value: number) => value;
  const span = by(high) - by(low) || 1;
  return { low, high, log, place: (value) => (by(value) - by(low)) / span - 0.5 };
}

type See = (point: Point3) => Point2;

const half = 0.5;
const floor: readonly Point3[] = [
  [-half, -half, -half],
  [half, -half, -half],
  [half, half, -half],
  [-half, half, -half],
  [-half, -half, -half],
];

/** The floor with a few lines, and the edges of the cube. */
function cage({ look }: ChartInput, see: See) {
  const roof = floor.map(([x, y]): Point3 => [x, y, half]);
  const posts = floor.slice(0, 4).map(([x, y]): readonly Point3[] => [
    [x, y, -half],
    [x, y, half],
  ]);
  const ruled = [-0.25, 0, 0.25].flatMap((at): readonly (readonly Point3[])[] => [
    [
      [at, -half, -half],
      [at, half, -half],
    ],
    [
      [-half, at, -half],
      [half, at, -half],
    ],
  ]);
  return lines('cage', [floor, roof, ...posts, ...ruled], see, { color: look.grid, width: 1 }, 1);
}

const stems = ({ look }: ChartInput, points: readonly Point3[], see: See) =>
  lines(
    'stems',
    points.map(([x, y, z]): readonly Point3[] => [
      [x, y, z],
      [x, y, -half],
    ]),
    see,
    { color: look.front, width: 1, opacity: 0.35 },
    4,
  );

/** Many polylines as one series: a gap between them. */
function lines(id: string, all: readonly (readonly Point3[])[], see: See, lineStyle: Record<string, unknown>, z: number) {
  const data = all.flatMap((line) => [...line.map((point) => [...see(point)]), ['-', '-']]);
  return { id, type: 'line', silent: true, showSymbol: false, connectNulls: false, lineStyle, data, z };
}

/** Names and ends of the three axes, where they lie now. */
function labels({ look }: ChartInput, metrics: readonly string[], scales: readonly Scale[], see: See) {
  const out = half + 0.1;
  const ends: readonly (readonly [Point3, Point3, Point3])[] = [
    [
      [-half, -out, -half],
      [0, -out - 0.08, -half],
      [half, -out, -half],
    ],
    [
      [out, -half, -half],
      [out + 0.08, 0, -half],
      [out, half, -half],
    ],
    [
      [-out, -half, -half],
      [-out - 0.06, -half, 0],
      [-out, -half, half],
    ],
  ];
  const data = ends.flatMap(([from, middle, to], i) => [
    text(see(from), formatMetric(metrics[i]!, scales[i]!.low), look.muted, false),
    text(see(middle), metricFormat(metrics[i]!).label, look.ink, true),
    text(see(to), formatMetric(metrics[i]!, scales[i]!.high), look.muted, false),
  ]);
  return { id: 'labels', type: 'scatter', silent: true, symbolSize: 0.1, data, z: 6 };
}

const text = (at: Point2, formatter: string, color: string, strong: boolean) => ({
  value: [...at],
  label: { show: true, formatter, color, fontSize: strong ? 12 : 10.5, fontWeight: strong ? 600 : 400, position: 'inside' },
});

/** Every bound as a plane through the cube. */
function bounds({ study, look }: ChartInput, metrics: readonly string[], scales: readonly Scale[], see: See) {
  return study.picture.head.goal.constraints.flatMap(({ metric, bound }) => {
    const axis = metrics.indexOf(metric);
    const at = axis < 0 ? Number.NaN : scales[axis]!.place(bound);
    if (!(Math.abs(at) <= half)) return [];
    const corners = [
      [-half, -half],
      [half, -half],
      [half, half],
      [-half, half],
    ].map((pair): Point3 => pair.toSpliced(axis, 0, at) as unknown as Point3);
    const shape = corners.map(see);
    return [
      {
        id: `bound-${metric}`,
        type: 'custom',
        silent: true,
        data: [[0, 0]],
        z: 2,
        renderItem: (_: unknown, api: { coord(point: Point2): readonly number[] }) => ({
          type: 'polygon',
          shape: { points: shape.map((point) => [...api.coord(point)]) },
          style: { fill: look.forbidden, stroke: look.muted, lineWidth: 1, lineDash: [4, 4] },
        }),
      },
    ];
  });
}

function chosen({ study, view, look }: ChartInput, place: (row: TrialRow) => Point3, see: See) {
  const ring = (number: number, color: string) => {
    const row = study.picture.rows[number];
    if (!row || [view.x, view.y, view.z].some((metric) => row.metrics[metric] === undefined)) return [];
    return [
      {
        value: [...see(place(row)), number],
        itemStyle: { color: 'transparent', borderColor: color, borderWidth: 2.5 },
        label: {
          show: true,
          formatter: number === 0 ? 'baseline' : String(number),
          position: 'top',
          color: look.ink,
          fontSize: 11,
        },
      },
    ];
  };
  const data = [
    ...ring(0, look.baseline),
    ...view.pinned.flatMap((number, i) => ring(number, look.series(i + 2))),
    ...(view.selected === undefined ? [] : ring(view.selected, look.selected)),
  ];
  return { id: 'chosen', type: 'scatter', symbolSize: 16, data, z: 8 };
}
