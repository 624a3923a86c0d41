import type { EChartsType } from 'echarts/core';
import { metricFormat } from '../../dashboard/format.ts';
import { parallelAxes, parallelChart } from '../../report/charts/parallel.ts';
import type { ParameterHead } from '../../report/study/picture.ts';
import { ChartCard } from './card.ts';
import { fill, h } from './dom.ts';
import type { PageState, PageStore } from './store.ts';

/** Parallel coordinates; what is dragged on an axis becomes a filter, which every other view follows. */
export function parallelCard(store: PageStore): ChartCard {
  const toolbar = h('div', { class: 'toolbar filters' });
  store.subscribe((state) => drawFilters(toolbar, state, store));
  return new ChartCard(parallelChart, store, {
    toolbar,
    minWidth: 760,
    onChart: (chart) => listen(chart, store),
    afterDraw: showFilters,
  });
}

interface AxisSelection {
  readonly parallelAxisId?: string;
  readonly intervals?: readonly Range[];
}

function listen(chart: EChartsType, store: PageStore): void {
  chart.on('axisareaselected', (event: unknown) => {
    const { parallelAxisId, intervals = [] } = event as AxisSelection;
    const axis = parallelAxes(inputOf(store.state)).find(({ name }) => name === parallelAxisId);
    if (!axis) return;
    const { [axis.name]: _, ...rest } = store.state.view.filters;
    const range = rangeOf(intervals[0]);
    if (isSame(range, store.state.view.filters[axis.name])) return;
    store.look({ filters: range ? { ...rest, [axis.name]: range } : rest });
  });
}

type Range = readonly [number, number];

const rangeOf = (interval: Range | undefined): Range | undefined => interval && [Math.min(...interval), Math.max(...interval)];

const isSame = (a: Range | undefined, b: Range | undefined) => a?.[0] === b?.[0] && a?.[1] === b?.[1];

interface DrawnAxes {
  readonly parallelAxis?: readonly { readonly id: string }[];
}

const shownFilters = new WeakMap<EChartsType, PageState['view']['filters']>();

/** Filters that came from elsewhere (a link, the dialog, a chip that was clicked away) are drawn on their axes too. */
function showFilters(chart: EChartsType, { view }: PageState): void {
  const before = shownFilters.get(chart) ?? {};
  if (before === view.filters) return;
  shownFilters.set(chart, view.filters);
  const { parallelAxis = [] } = chart.getOption() as DrawnAxes;
  for (const { id } of parallelAxis) {
    const range = view.filters[id];
    if (!isSame(range, before[id]))
      chart.dispatchAction({ type: 'axisAreaSelect', parallelAxisId: id, intervals: range ? [[...range]] : [] });
  }
}

const inputOf = ({ study, importances, view }: PageState) => ({ study: study!, importances, view });

function drawFilters(toolbar: HTMLElement, { study, view, kept }: PageState, store: PageStore): void {
  if (!study) return;
  const { parameters, goal } = study.picture.head;
  const chips = Object.entries(view.filters).map(([name, range]) => {
    const parameter = parameters.find((each) => each.name === name);
    const text = `${name} ${rangeText(parameter, name, range)}`;
    return h(
      'button',
      { class: 'chip', 'aria-label': `Remove the filter ${text}`, onclick: () => without(store, name) },
      text,
      h('span', { 'aria-hidden': 'true' }, ' ×'),
    );
  });
  const names = [...parameters.map(({ name }) => name), ...goal.objectives.map(({ metric }) => metric)];
  fill(
    toolbar,
    chips,
    kept && h('span', { class: 'muted' }, `${kept.size} trials`),
    h(
      'button',
      {
        class: 'quiet',
        onclick: () =>
          askFilter(
            store,
            names.filter((name) => !view.filters[name]),
          ),
      },
      'Add a filter',
    ),
  );
}

function without(store: PageStore, name: string): void {
  const { [name]: _, ...rest } = store.state.view.filters;
  store.look({ filters: rest });
}

function rangeText(parameter: ParameterHead | undefined, name: string, [low, high]: readonly [number, number]): string {
  if (!parameter?.levels) return `${metricFormat(name).format(low)} to ${metricFormat(name).format(high)}`;
  const inside = parameter.levels.filter((_, i) => i >= low && i <= high);
  return inside.length === 1
    ? `= ${String(inside[0])}`
    : inside.length === 0
      ? 'none'
      : `${String(inside[0])} to ${String(inside.at(-1))}`;
}

/** The same without a mouse: a dialog with a choice and its range. */
function askFilter(store: PageStore, names: readonly string[]): void {
  const { study } = store.state;
  if (!study || names.length === 0) return;
  const [name, from, to] = [
    h('select', { id: 'filter-name' }),
    h('select', { id: 'filter-from' }),
    h('select', { id: 'filter-to' }),
  ];
  fill(name, ...names.map((each) => h('option', { value: each }, each)));
  const offer = () => {
    const values = stepsOf(store, name.value);
    const option = ([value, text]: readonly [number, string]) => h('option', { value }, text);
    fill(from, ...values.map(option));
    fill(to, ...values.map(option));
    to.selectedIndex = values.length - 1;
  };
  name.addEventListener('change', offer);
  offer();
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'filter-title', onclose: () => dialog.remove() });
  const apply = () => {
    const [low, high] = [Number(from.value), Number(to.value)];
    store.look({ filters: { ...store.state.view.filters, [name.value]: [Math.min(low, high), Math.max(low, high)] } });
    dialog.close();
  };
  fill(
    dialog,
    h('h2', { id: 'filter-title' }, 'Keep only trials with'),
    h('div', { class: 'fields' }, h('label', {}, 'choice ', name), h('label', {}, 'from ', from), h('label', {}, 'to ', to)),
    h(
      'div',
      { class: 'buttons' },
      h('button', { class: 'primary', onclick: apply }, 'Keep these'),
      h('button', { class: 'quiet', onclick: () => dialog.close() }, 'Cancel'),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}

const steps = 10;

/** The levels of a choice, or even steps along a range. */
function stepsOf({ state }: PageStore, name: string): (readonly [number, string])[] {
  const { head, rows } = state.study!.picture;
  const parameter = head.parameters.find((each) => each.name === name);
  if (parameter?.levels) return parameter.levels.map((level, i) => [i, String(level)] as const);
  const values = parameter ? [parameter.low, parameter.high] : rows.flatMap(({ metrics }) => metrics[name] ?? []);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return Array.from({ length: steps + 1 }, (_, i) => low + ((high - low) * i) / steps).map(
    (value) => [value, metricFormat(name).format(value)] as const,
  );
}
