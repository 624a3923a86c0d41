import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { headOf } from './head.ts';
import { colorOf, dashOf } from './palette.ts';

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** One curve; equal names have equal colours in all panels. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Drawn behind the curve, point by point. */
  readonly band?: { readonly low: readonly number[]; readonly high: readonly number[] };
}

export interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

export interface PanelsOptions {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** A logarithmic y axis; values below this floor are drawn on it. */
  readonly logFloor?: number;
  readonly columns?: number;
}

/** A single panel has the picture to itself. */
const panelWidths = { single: 640, several: 360 };
const panelHeight = 250;
const margin = { left: 56, top: 40, right: 18, bottom: 44 };

type Series = Record<string, unknown>;

/** Small line charts side by side, with one legend: an SVG document. */
export function linePanels(panels: readonly Panel[], options: PanelsOptions): string {
  const columns = Math.min(options.columns ?? 4, panels.length);
  const panelWidth = columns === 1 ? panelWidths.single : panelWidths.several;
  const width = columns * panelWidth;
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))].sort();
  const head = headOf(options.title, names, width);
  const height = head.height + Math.ceil(panels.length / columns) * panelHeight;
  const places = panels.map((_, i) => ({
    left: (i % columns) * panelWidth,
    top: head.height + Math.floor(i / columns) * panelHeight,
  }));
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'sans-serif' },
    title: [
      head.title,
      ...panels.map(({ title }, i) => ({
        text: title,
        left: places[i]!.left + margin.left,
        top: places[i]!.top + 12,
        textStyle: { fontSize: 12 },
      })),
    ],
    legend: head.legend,
    grid: places.map(({ left, top }) => ({
      left: left + margin.left,
      top: top + margin.top,
      width: panelWidth - margin.left - margin.right,
      height: panelHeight - margin.top - margin.bottom,
    })),
    xAxis: panels.map((_, i) => ({
      gridIndex: i,
      type: 'value',
      name: options.x,
      nameLocation: 'middle',
      nameGap: 24,
      max: 'dataMax',
    })),
    yAxis: panels.map((_, i) => yAxisOf(i, options, i % columns === 0)),
    series: panels.flatMap(({ lines }, i) => lines.flatMap((line) => seriesOf(line, i, names, options.logFloor))),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

const yAxisOf = (gridIndex: number, { y, logFloor }: PanelsOptions, named: boolean) => ({
  gridIndex,
  type: logFloor === undefined ? 'value' : 'log',
  scale: true,
  ...(named ? { name: y, nameLocation: 'middle', nameGap: 40 } : {}),
  axisLabel: { formatter: (value: number) => String(Number(value.toPrecision(2))) },
});

function seriesOf(line: Line, panel: number, names: readonly string[], floor: number | undefined): Series[] {
  const index = names.indexOf(line.name);
  const lift = (value: number) => Math.max(value, floor ?? Number.NEGATIVE_INFINITY);
  const base = { type: 'line', xAxisIndex: panel, yAxisIndex: panel, symbol: 'none', silent: true };
  const curve = {
    ...base,
    name: line.name,
    color: colorOf(index),
    lineStyle: { width: 2, type: dashOf(index), color: colorOf(index) },
    z: 3,
    data: line.points.map(([x, y]) => [x, lift(y)]),
  };
  return line.band ? [...bandEdges(line, base, index, lift), curve] : [curve];
}

/** The band's edges as thin lines: filled bands of many curves would hide one another. */
function bandEdges({ points, band }: Line, base: Series, index: number, lift: (value: number) => number): Series[] {
  const edge = (values: readonly number[]) => ({
    ...base,
    lineStyle: { width: 0.7, opacity: 0.45, color: colorOf(index) },
    z: 2,
    data: points.map(([x], i) => [x, lift(values[i]!)]),
  });
  return [edge(band!.low), edge(band!.high)];
}
