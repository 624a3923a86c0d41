import { formatCount } from '../../dashboard/format.ts';
import type { LayerCost, TrialDetails } from '../study/picture.ts';
import { axisLook } from './axes.ts';
import type { Chart, ChartInput } from './chart.ts';

const rowHeight = 36;
/** Characters of a layer's choices that are shown under its name; the trial's own list has all. */
const mostChoices = 34;

/** Bars end before the panel does: their numbers stand behind them. */
const labelRoom = 1.42;

const choicesText = ({ choices }: LayerCost): string =>
  choices.length > mostChoices ? `${choices.slice(0, mostChoices - 2)} …` : choices || 'dense';

const detailsOf = ({ view, details }: ChartInput): TrialDetails | undefined =>
  view.selected === undefined ? undefined : details.get(view.selected);

/** What a trial left of every layer: parameters and multiply-accumulates before and after. */
export const layersChart: Chart = {
  name: 'layers',
  title: 'Layer by layer',
  height: (input) => 76 + rowHeight * Math.max(3, detailsOf(input)?.layers.length ?? 0),
  describe(input) {
    const details = detailsOf(input);
    if (!details) return 'Choose a trial to see what it does to every layer.';
    if (details.layers.length === 0)
      return `What trial ${details.number} leaves of its layers depends on trained values, so it is not broken down here.`;
    const sum = (pick: (cost: LayerCost) => number) => details.layers.reduce((total, cost) => total + pick(cost), 0);
    const [params, dense] = [sum((cost) => cost.params), sum((cost) => cost.denseParams)];
    const [macs, denseMacs] = [sum((cost) => cost.macs), sum((cost) => cost.denseMacs)];
    return `Trial ${details.number} keeps ${formatCount(params)} of ${formatCount(dense)} parameters and ${formatCount(macs)} of ${formatCount(denseMacs)} MACs.`;
  },
  option(input) {
    const details = detailsOf(input);
    if (!details || details.layers.length === 0) return undefined;
    const { look, width } = input;
    const { layers } = details;
    const shared = axisLook(look);
    const names = 14 + Math.max(...layers.map((cost) => Math.max(6.6 * cost.layer.length, 5.4 * choicesText(cost).length)));
    const wide = (width - names - 60) / 2;
    const grids = [0, 1].map((i) => ({ left: names + i * (wide + 36), width: wide, top: 40, bottom: 10 }));
    const titles = ['parameters', 'multiply-accumulates'];
    return {
      animation: false,
      title: titles.map((text, i) => ({
        text,
        left: grids[i]!.left,
        top: 10,
        padding: 0,
        textStyle: { color: look.muted, fontSize: 12, fontWeight: 400 },
      })),
      grid: grids,
      xAxis: grids.map((_, i) => ({
        ...shared,
        gridIndex: i,
        type: 'value',
        show: false,
        max: ({ max }: { readonly max: number }) => max * labelRoom,
      })),
      yAxis: grids.map((_, i) => ({
        ...shared,
        gridIndex: i,
        type: 'category',
        inverse: true,
        data: layers.map(({ layer }) => layer),
        axisTick: { show: false },
        axisLine: { show: false },
        axisLabel: {
          show: i === 0,
          interval: 0,
          formatter: (_: string, place: number) => `{layer|${layers[place]!.layer}}\n{choices|${choicesText(layers[place]!)}}`,
          rich: {
            layer: { color: look.ink, fontSize: 11.5, align: 'right', lineHeight: 14 },
            choices: { color: look.muted, fontSize: 10, align: 'right', lineHeight: 13 },
          },
        },
      })),
      series: [
        ...bars(input, layers, 0, (cost) => [cost.params, cost.denseParams]),
        ...bars(input, layers, 1, (cost) => [cost.macs, cost.denseMacs]),
      ],
    };
  },
};

/** The dense layer as a pale bar, what is left of it on top. */
function bars(
  { look }: ChartInput,
  layers: readonly LayerCost[],
  panel: number,
  of: (cost: LayerCost) => readonly [number, number],
) {
  const shared = { type: 'bar', xAxisIndex: panel, yAxisIndex: panel, silent: true };
  const kept = layers.map((cost) => of(cost));
  return [
    {
      ...shared,
      id: `dense-${panel}`,
      barWidth: 14,
      barGap: '-100%',
      itemStyle: { color: look.grid, borderRadius: 3 },
      data: kept.map(([, dense]) => dense),
      label: {
        show: true,
        position: 'right',
        color: look.muted,
        fontSize: 10.5,
        formatter: ({ dataIndex }: { readonly dataIndex: number }) => share(kept[dataIndex]!),
      },
      z: 1,
    },
    {
      ...shared,
      id: `kept-${panel}`,
      barWidth: 14,
      itemStyle: { color: look.selected, borderRadius: 3 },
      data: kept.map(([now]) => now),
      z: 2,
    },
  ];
}

function share([now, dense]: readonly [number, number]): string {
  if (dense === 0) return now === 0 ? '' : formatCount(now);
  return now === dense ? formatCount(dense) : `${formatCount(now)} · ${Math.round((100 * now) / dense)} %`;
}
