/** The charts of pages and reports, in the order of a page. To add one: a file with its `Chart`, and a line in this list. */
import type { Chart } from './chart.ts';
import { curvesChart } from './curves.ts';
import { frontChart } from './front.ts';
import { front3dChart } from './front-3d.ts';
import { hypervolumeChart } from './hypervolume.ts';
import { importanceChart } from './importance.ts';
import { layersChart } from './layers.ts';
import { parallelChart } from './parallel.ts';
import { timelineChart } from './timeline.ts';

export const charts: readonly Chart[] = [
  frontChart,
  front3dChart,
  layersChart,
  parallelChart,
  importanceChart,
  hypervolumeChart,
  curvesChart,
  timelineChart,
];
