import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Chart, ChartInput } from './charts/chart.ts';
import { registerCharts } from './charts/register.ts';

registerCharts();
use([SVGRenderer]);

/** A chart as an SVG document, without a browser; undefined where it has nothing to draw. `input.height` is the chart's own. */
export function drawChart(chart: Chart, input: ChartInput): string | undefined {
  const height = chart.height(input);
  const option = chart.option({ ...input, height });
  if (!option) return undefined;
  const drawing = init(null, null, { renderer: 'svg', ssr: true, width: input.width, height });
  drawing.setOption({ ...option, backgroundColor: input.look.card, textStyle: { fontFamily: 'sans-serif' } });
  const svg = drawing.renderToSVGString();
  drawing.dispose();
  return withOwnNames(svg);
}

/** ECharts numbers its clips and classes through a whole process: counted anew, equal charts are equal text. */
function withOwnNames(svg: string): string {
  const names = new Map<string, string>();
  return svg.replace(/\bzr\d+-[a-z-]+\d+\b/g, (found) => {
    const name = names.get(found) ?? `n${names.size}`;
    names.set(found, name);
    return name;
  });
}
