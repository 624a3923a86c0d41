import { BarChart, CustomChart, HeatmapChart, LineChart, ParallelChart, ScatterChart } from 'echarts/charts';
import {
  DataZoomInsideComponent,
  GridComponent,
  LegendComponent,
  LegendScrollComponent,
  MarkAreaComponent,
  ParallelComponent,
  TitleComponent,
  TooltipComponent,
  VisualMapComponent,
} from 'echarts/components';
import { use } from 'echarts/core';

/** What of ECharts the charts use; each renderer is registered where it draws. */
export function registerCharts(): void {
  use([BarChart, CustomChart, HeatmapChart, LineChart, ParallelChart, ScatterChart]);
  use([DataZoomInsideComponent, GridComponent, LegendComponent, LegendScrollComponent, MarkAreaComponent, ParallelComponent]);
  use([TitleComponent, TooltipComponent, VisualMapComponent]);
}
