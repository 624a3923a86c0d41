import { metricFormat } from '../../dashboard/format.ts';
import { curvesChart } from '../../report/charts/curves.ts';
import { hypervolumeChart } from '../../report/charts/hypervolume.ts';
import { importanceChart } from '../../report/charts/importance.ts';
import { layersChart } from '../../report/charts/layers.ts';
import { timelineChart } from '../../report/charts/timeline.ts';
import { answerLine } from './answer.ts';
import { ChartCard } from './card.ts';
import { compareCard } from './compare.ts';
import { fill, h, select } from './dom.ts';
import { frontCard } from './front-card.ts';
import { pageHeader } from './header.ts';
import { listenToKeys } from './keys.ts';
import { parallelCard } from './parallel-card.ts';
import { openSource } from './source.ts';
import { PageStore } from './store.ts';
import { trialsTable } from './table.ts';
import { trialPanel } from './trial-panel.ts';

/** The page of `nas ui` and of `nas report`: cards that all draw one state. */
const store = new PageStore(openSource());

const metricChoice = h('div', { class: 'toolbar' });
let offered = '';
store.subscribe(({ study, view }) => {
  const key = `${study?.picture.head.name} ${view.metric}`;
  if (!study || key === offered) return;
  offered = key;
  const choices = study.picture.head.metrics.map(({ name }) => [name, metricFormat(name).label] as const);
  fill(
    metricChoice,
    select('of', choices, view.metric, (metric) => store.look({ metric })),
  );
});

const front = frontCard(store);
const parallel = parallelCard(store);
const cards = [
  front,
  parallel,
  new ChartCard(layersChart, store, { minWidth: 480 }),
  new ChartCard(importanceChart, store, { toolbar: metricChoice, minWidth: 420 }),
  new ChartCard(hypervolumeChart, store),
  new ChartCard(curvesChart, store, { live: true }),
  new ChartCard(timelineChart, store),
];
const [, , layers, importance, hypervolume, curves, timeline] = cards.map(({ element }) => element);

const trouble = h('main', { class: 'trouble', hidden: true });
const main = h(
  'main',
  { hidden: true },
  answerLine(store),
  front.element,
  trialPanel(store),
  parallel.element,
  importance,
  layers,
  hypervolume,
  curves,
  timeline,
  compareCard(store),
  trialsTable(store),
);
fill(
  document.getElementById('app')!,
  pageHeader(store),
  main,
  trouble,
  h('div', { id: 'said', role: 'status', 'aria-live': 'polite' }),
);

store.subscribe((state) => {
  main.hidden = state.study === undefined || state.trouble !== undefined;
  trouble.hidden = state.trouble === undefined;
  if (state.trouble !== undefined) fill(trouble, h('p', {}, state.trouble));
  drawInTurn();
});

let turn = 0;

/** The front at once, the other cards one after the other with a frame between: a large study is seen early. */
function drawInTurn(): void {
  window.cancelAnimationFrame(turn);
  front.update(store.state);
  const waiting = cards.slice(1);
  const wait = (then: () => void) => {
    turn = requestAnimationFrame(() => {
      turn = requestAnimationFrame(then);
    });
  };
  const next = () => {
    while (waiting.length > 0) if (waiting.shift()!.update(store.state)) return wait(next);
  };
  wait(next);
}

listenToKeys(store);
void store.start();
