import { ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { colorOf } from '../../src/report/palette.ts';
import type { RowResult } from './summary.ts';

use([ScatterChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

export interface Group {
  readonly name: string;
  readonly results: readonly RowResult[];
}

const symbols = ['circle', 'triangle', 'rect', 'diamond'] as const;
const panel = { width: 560, height: 420 } as const;
const head = 130;

/** Accuracies that are lost altogether are drawn at the lower edge, so that the others can be told apart. */
const worst = -12;

/** Every row as a point: what its accuracy became against how much smaller it is, and how much faster it is. */
export function claimsChart(groups: readonly Group[]): string {
  const shownGroups = groups.filter(({ results }) => results.length > 0);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 2 * panel.width, height: head + panel.height });
  const grid = (i: number) => ({
    left: i * panel.width + 64,
    top: head + 16,
    width: panel.width - 96,
    height: panel.height - 80,
  });
  const x = (i: number) => ({
    gridIndex: i,
    type: 'log',
    logBase: 2,
    name: 'times smaller (bytes)',
    nameLocation: 'middle',
    nameGap: 28,
  });
  const y = (i: number, name: string) => ({ gridIndex: i, name, nameLocation: 'middle', nameGap: 44, scale: true });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'sans-serif' },
    title: { text: 'Claims: every row, against the dense network of its seed', left: 12, top: 8, textStyle: { fontSize: 15 } },
    legend: {
      top: 36,
      left: 12,
      width: 2 * panel.width - 24,
      data: shownGroups.map(({ name }) => name),
      itemHeight: 10,
      itemGap: 28,
    },
    grid: [grid(0), grid(1)],
    xAxis: [x(0), x(1)],
    yAxis: [y(0, 'change of test accuracy, points'), { ...y(1, 'times faster (one image)'), type: 'log', logBase: 2 }],
    series: shownGroups.flatMap((group, i) => seriesOf(group, i)),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function seriesOf({ name, results }: Group, index: number): Record<string, unknown>[] {
  const base = {
    type: 'scatter',
    name,
    color: colorOf(index),
    symbol: symbols[Math.floor(index / 7) % symbols.length],
    symbolSize: 9,
    itemStyle: { opacity: 0.8 },
    silent: true,
  };
  const accuracy = results.map(({ smaller, change }) => [smaller.mean, Math.max(worst, 100 * change.mean)]);
  const speed = results.flatMap(({ smaller, faster }) => (faster === undefined ? [] : [[smaller.mean, faster]]));
  return [
    { ...base, xAxisIndex: 0, yAxisIndex: 0, data: accuracy },
    { ...base, xAxisIndex: 1, yAxisIndex: 1, data: speed },
  ];
}
