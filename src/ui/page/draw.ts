import { type EChartsType, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { registerCharts } from '../../report/charts/register.ts';

registerCharts();
use([CanvasRenderer]);

export const createChart = (host: HTMLElement): EChartsType => init(host, null, { renderer: 'canvas' });
