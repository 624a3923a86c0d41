import { formatMetric, metricFormat } from '../../dashboard/format.ts';
import type { StudyHead, TrialRow } from '../../report/study/picture.ts';
import { fill, h } from './dom.ts';
import type { PageState, PageStore } from './store.ts';

const page = 25;

interface Order {
  readonly column: string;
  readonly down: boolean;
}

/** Every trial: sorted by a click on a column, filtered by text and by what the charts keep. */
export function trialsTable(store: PageStore): HTMLElement {
  let order: Order = { column: 'trial', down: true };
  let shown = page;
  let text = '';
  let frontOnly = false;
  let drawn: readonly unknown[] = [];
  const [head, body, more, count] = [h('thead'), h('tbody'), h('div', { class: 'buttons' }), h('span', { class: 'muted' })];
  const draw = (state: PageState, force = false) => {
    const { study, kept, view } = state;
    const key = [study, kept, view.selected, view.pinned];
    if (!study || (!force && key.every((part, i) => part === drawn[i]))) return;
    drawn = key;
    const columns = columnsOf(study.picture.head);
    const rows = study.picture.rows.filter(
      (row) => (!kept || kept.has(row.number)) && (!frontOnly || study.analysis.onFront.has(row.number)) && matches(row, text),
    );
    const column = columns.find(({ name }) => name === order.column) ?? columns[0]!;
    const sorted = rows.toSorted((a, b) => compare(column.key(a), column.key(b)) * (order.down ? -1 : 1) || a.number - b.number);
    const sortBy = (name: string) => {
      order = { column: name, down: order.column === name ? !order.down : false };
      draw(store.state, true);
    };
    fill(head, h('tr', {}, ...columns.map((each) => heading(each, order, sortBy))));
    fill(body, ...sorted.slice(0, shown).map((row) => line(row, columns, state, store)));
    fill(count, `${rows.length} of ${study.picture.rows.length}`);
    const rest = rows.length - shown;
    const showMore = () => {
      shown += 4 * page;
      draw(store.state, true);
    };
    fill(more, rest > 0 && h('button', { class: 'quiet', onclick: showMore }, `Show ${Math.min(rest, 4 * page)} more`));
  };
  store.subscribe((state) => draw(state));
  const search = h('input', {
    type: 'search',
    placeholder: 'state, origin, number, reason',
    'aria-label': 'Filter the trials',
    id: 'trial-filter',
    oninput: () => {
      text = search.value.trim().toLowerCase();
      draw(store.state, true);
    },
  });
  const only = h('input', {
    type: 'checkbox',
    onchange: () => {
      frontOnly = only.checked;
      draw(store.state, true);
    },
  });
  return h(
    'section',
    { class: 'card card-table', 'aria-labelledby': 'table-title' },
    h(
      'header',
      {},
      h('h2', { id: 'table-title' }, 'Trials'),
      h('div', { class: 'toolbar' }, search, h('label', { class: 'choice' }, only, h('span', {}, 'front only')), count),
    ),
    h(
      'div',
      { class: 'scroller', tabindex: 0, role: 'group', 'aria-label': 'Trials, scrolls sideways' },
      h('table', { class: 'trials' }, head, body),
    ),
    more,
  );
}

interface Column {
  readonly name: string;
  readonly title: string;
  readonly numeric: boolean;
  readonly key: (row: TrialRow) => number | string;
  readonly cell: (row: TrialRow) => string;
}

const columnsOf = ({ metrics }: StudyHead): Column[] => [
  { name: 'trial', title: 'trial', numeric: true, key: (row) => row.number, cell: (row) => String(row.number) },
  { name: 'state', title: 'state', numeric: false, key: (row) => row.state, cell: (row) => row.state },
  { name: 'origin', title: 'origin', numeric: false, key: (row) => row.origin, cell: (row) => row.origin },
  ...metrics.map(
    ({ name }): Column => ({
      name,
      title: metricFormat(name).label,
      numeric: true,
      key: (row) => row.metrics[name] ?? Number.NaN,
      cell: (row) => formatMetric(name, row.metrics[name]),
    }),
  ),
  {
    name: 'seconds',
    title: 'took',
    numeric: true,
    key: (row) => row.seconds ?? Number.NaN,
    cell: (row) => (row.seconds === null ? '—' : `${row.seconds.toFixed(1)} s`),
  },
  { name: 'why', title: 'why', numeric: false, key: (row) => row.why ?? '', cell: (row) => row.why ?? '' },
];

const matches = (row: TrialRow, text: string): boolean =>
  text === '' || `${row.number} ${row.state} ${row.origin} ${row.why ?? ''}`.toLowerCase().includes(text);

/** What is not known comes last either way a person reads it: it sorts below every number. */
function compare(a: number | string, b: number | string): number {
  if (typeof a === 'string' || typeof b === 'string') return String(a).localeCompare(String(b));
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a - b;
}

function heading({ name, title, numeric }: Column, order: Order, sortBy: (name: string) => void): HTMLElement {
  const isSorted = order.column === name;
  const sort = isSorted ? (order.down ? 'descending' : 'ascending') : 'none';
  const arrow = isSorted ? (order.down ? ' ↓' : ' ↑') : '';
  return h(
    'th',
    { scope: 'col', class: numeric ? 'number' : undefined, 'aria-sort': sort },
    h('button', { class: 'sort', onclick: () => sortBy(name) }, title + arrow),
  );
}

function line(row: TrialRow, columns: readonly Column[], { study, view }: PageState, store: PageStore): HTMLElement {
  const classes = [
    study!.analysis.onFront.has(row.number) && 'front',
    row.number === view.selected && 'selected',
    view.pinned.includes(row.number) && 'pinned',
  ];
  const cells = columns.map(({ name, numeric, cell }) =>
    name === 'trial'
      ? h(
          'th',
          { scope: 'row', class: 'number' },
          h('button', { class: 'link', onclick: () => store.look({ selected: row.number }) }, cell(row)),
        )
      : h('td', { class: numeric ? 'number' : undefined }, cell(row)),
  );
  return h('tr', { class: classes.filter(Boolean).join(' ') || undefined }, cells);
}
