import { metricFormat } from '../../dashboard/format.ts';
import { leastTrials } from '../../search/importance/importance.ts';
import type { StudyHead } from '../study/picture.ts';
import { axisLook } from './axes.ts';
import type { Chart } from './chart.ts';

const rowHeight = 24;
const training = 'training';

const rowOf = ({ site }: { readonly site: string }) => site || training;
const columnOf = ({ technique, knob }: { readonly technique: string; readonly knob: string }) => `${technique} ${knob}`;

const rowsOf = ({ parameters }: StudyHead): string[] => [...new Set(parameters.map(rowOf))];
const columnsOf = ({ parameters }: StudyHead): string[] => [...new Set(parameters.map(columnOf))];

/** Which choice at which layer decides a metric: main effects of fANOVA on a random forest. */
export const importanceChart: Chart = {
  name: 'importance',
  title: 'Which choice matters where',
  height: ({ study }) => 92 + rowHeight * rowsOf(study.picture.head).length,
  describe({ study, importances, view }) {
    const shares = importances.get(view.metric);
    const { parameters } = study.picture.head;
    const label = metricFormat(view.metric).label;
    if (!shares) return `Importance needs at least ${leastTrials} measured trials.`;
    const order = parameters.map((parameter, i) => ({ parameter, share: shares[i]! })).sort((a, b) => b.share - a.share);
    const top = order.slice(0, 3).map(({ parameter, share }) => `${rowOf(parameter)} ${columnOf(parameter)} ${percent(share)}`);
    const alone = shares.reduce((sum, share) => sum + share, 0);
    return `Of the variance of ${label}: ${top.join(', ')}. All choices on their own ${percent(alone)}, the rest is how they act together.`;
  },
  option({ study, importances, view, look }) {
    const shares = importances.get(view.metric);
    if (!shares || shares.length === 0) return undefined;
    const { head } = study.picture;
    const [rows, columns] = [rowsOf(head), columnsOf(head)];
    const most = Math.max(...shares, 0.02);
    const shared = axisLook(look);
    return {
      animation: false,
      grid: { left: 8 + 6.6 * Math.max(...rows.map((row) => row.length)), right: 22, top: 46, bottom: 16 },
      xAxis: {
        ...shared,
        type: 'category',
        position: 'top',
        data: columns,
        splitLine: { show: false },
        axisTick: { show: false },
        axisLine: { show: false },
        axisLabel: { ...shared.axisLabel, interval: 0, rotate: columns.length > 4 ? 24 : 0 },
      },
      yAxis: {
        ...shared,
        type: 'category',
        inverse: true,
        data: rows,
        axisTick: { show: false },
        axisLine: { show: false },
        axisLabel: { ...shared.axisLabel, interval: 0, hideOverlap: false },
      },
      visualMap: { show: false, min: 0, max: most, dimension: 2, inRange: { color: [...look.scale] } },
      series: [
        {
          id: 'shares',
          type: 'heatmap',
          data: head.parameters.map((parameter, i) => ({
            value: [columns.indexOf(columnOf(parameter)), rows.indexOf(rowOf(parameter)), shares[i]!],
            label: { color: inkOn(shares[i]! / most, look.name) },
          })),
          label: {
            show: true,
            fontSize: 11,
            formatter: ({ value }: { readonly value: readonly number[] }) => percent(value[2]!),
          },
          itemStyle: { borderColor: look.card, borderWidth: 2, borderRadius: 4 },
          emphasis: { disabled: true },
        },
      ],
    };
  },
};

/** Text that can be read on a cell of this strength. */
const inkOn = (strength: number, look: 'light' | 'dark') =>
  strength > 0.62 === (look === 'light') ? '#ffffff' : strength > 0.62 ? '#10201a' : look === 'light' ? '#24352e' : '#e8ece9';

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;
