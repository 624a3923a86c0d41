import { formatDuration, formatMetric, metricFormat } from '../../dashboard/format.ts';
import type { AnalysedStudy } from '../../report/charts/chart.ts';
import { historyIn, isMeasured } from '../../report/study/analysis.ts';
import type { TrialDetails, TrialRow } from '../../report/study/picture.ts';
import { fill, h } from './dom.ts';
import type { PageState, PageStore } from './store.ts';

/** Trials side by side, and studies side by side. */
export function compareCard(store: PageStore): HTMLElement {
  const body = h('div', { class: 'scroller', tabindex: 0, role: 'group', 'aria-label': 'Comparison, scrolls sideways' });
  const toolbar = h('div', { class: 'toolbar' });
  let drawn: readonly unknown[] = [];
  store.subscribe((state) => {
    const { study, others, view, details, studies } = state;
    const key = [study, others, view.pinned, view.selected, details, studies];
    if (!study || key.every((part, i) => part === drawn[i])) return;
    drawn = key;
    fill(toolbar, ...studyChoices(state, store));
    fill(body, trialsSideBySide(state, store), others.length > 0 && studiesSideBySide(study, others));
  });
  return h(
    'section',
    { class: 'card card-compare', 'aria-labelledby': 'compare-title' },
    h('header', {}, h('h2', { id: 'compare-title' }, 'Comparison'), toolbar),
    body,
  );
}

function studyChoices({ studies, view, study }: PageState, store: PageStore): HTMLElement[] {
  const rest = studies.filter(({ name }) => name !== study!.picture.head.name);
  if (rest.length === 0) return [];
  const toggle = (name: string) =>
    store.look({
      against: view.against.includes(name) ? view.against.filter((each) => each !== name) : [...view.against, name].slice(-4),
    });
  return [
    h('span', { class: 'muted' }, 'with the studies'),
    ...rest
      .slice(0, 12)
      .map(({ name }) =>
        h(
          'label',
          { class: 'choice' },
          h('input', { type: 'checkbox', checked: view.against.includes(name), onchange: () => toggle(name) }),
          h('span', {}, name),
        ),
      ),
  ];
}

function trialsSideBySide({ study, view, details }: PageState, store: PageStore): HTMLElement {
  const { head, rows } = study!.picture;
  const numbers = [...new Set([...(view.selected === undefined ? [] : [view.selected]), ...view.pinned])];
  if (numbers.length < 2)
    return h(
      'p',
      { class: 'muted' },
      'Choose a trial and press Compare (or c), then choose others. Shift-click on a point does the same.',
    );
  const chosen = numbers.map((number) => rows[number]!);
  const found = numbers.map((number) => details.get(number));
  const top = h(
    'tr',
    {},
    h('th', { scope: 'col' }, 'metric or layer'),
    ...numbers.map((number) =>
      h(
        'th',
        { scope: 'col', class: 'number' },
        h('button', { class: 'link', onclick: () => store.look({ selected: number }) }, `trial ${number}`),
      ),
    ),
  );
  const metrics = head.metrics.flatMap(({ name, better }) => metricRow(name, better, chosen));
  const layers = layersThatDiffer(found);
  return h('table', { class: 'trials compare' }, h('thead', {}, top), h('tbody', {}, metrics, layers));
}

/** The best value in bold. */
function metricRow(metric: string, better: 'maximize' | 'minimize', rows: readonly TrialRow[]): HTMLElement[] {
  const values = rows.map(({ metrics }) => metrics[metric] ?? Number.NaN);
  if (values.every(Number.isNaN)) return [];
  const known = values.filter((value) => !Number.isNaN(value));
  const best = better === 'maximize' ? Math.max(...known) : Math.min(...known);
  return [
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, metricFormat(metric).label),
      ...values.map((value) => h('td', { class: value === best ? 'number best' : 'number' }, formatMetric(metric, value))),
    ),
  ];
}

/** Layers that the trials treat differently. */
function layersThatDiffer(found: readonly (TrialDetails | undefined)[]): HTMLElement[] {
  const known = found.filter((details) => details !== undefined);
  if (known.length < found.length) return [];
  const layers = known[0]!.layers.map(({ layer }) => layer);
  return layers.flatMap((layer) => {
    const texts = known.map(({ layers: costs }) => costs.find((cost) => cost.layer === layer)?.choices ?? '');
    if (new Set(texts).size === 1) return [];
    return [
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, layer),
        ...texts.map((text) => h('td', { class: 'settings' }, short(text) || 'dense')),
      ),
    ];
  });
}

/** The settings that decide: the first of every technique. */
const short = (choices: string): string =>
  choices
    .split('; ')
    .map((choice) => choice.split(', ')[0]!)
    .join('; ');

function studiesSideBySide(study: AnalysedStudy, others: readonly AnalysedStudy[]): HTMLElement {
  const { frame } = study.analysis;
  const { goal } = study.picture.head;
  const columns = [
    'study',
    'trials',
    'on the front',
    ...goal.objectives.map(
      ({ metric, direction }) => `${direction === 'maximize' ? 'most' : 'least'} ${metricFormat(metric).label}`,
    ),
    'hypervolume',
    'time',
  ];
  const line = ({ picture, analysis }: AnalysedStudy) => {
    const measured = picture.rows.filter(isMeasured);
    const bests = goal.objectives.map(({ metric, direction }) => {
      const values = analysis.front.flatMap(({ metrics }) => metrics[metric] ?? []);
      return formatMetric(
        metric,
        values.length === 0 ? undefined : direction === 'maximize' ? Math.max(...values) : Math.min(...values),
      );
    });
    const volume = frame ? historyIn(frame, measured, goal).at(-1)?.hypervolume.toFixed(4) : undefined;
    const busy = picture.rows.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);
    const cells = [String(measured.length), String(analysis.front.length), ...bests, volume ?? '—', formatDuration(busy * 1000)];
    return h('tr', {}, h('th', { scope: 'row' }, picture.head.name), ...cells.map((cell) => h('td', { class: 'number' }, cell)));
  };
  return h(
    'table',
    { class: 'trials compare' },
    h('caption', {}, `Hypervolumes in the frame of ${study.picture.head.name}; time: of all trials together.`),
    h('thead', {}, h('tr', {}, ...columns.map((title) => h('th', { scope: 'col' }, title)))),
    h('tbody', {}, [study, ...others].map(line)),
  );
}
