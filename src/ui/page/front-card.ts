import { metricFormat } from '../../dashboard/format.ts';
import { frontChart } from '../../report/charts/front.ts';
import { front3dChart } from '../../report/charts/front-3d.ts';
import { ChartCard } from './card.ts';
import { fill, h, select } from './dom.ts';
import type { PageState, PageStore } from './store.ts';

/** The front in two or three dimensions, with its axes to choose. */
export function frontCard(store: PageStore): ChartCard {
  const toolbar = h('div', { class: 'toolbar' });
  store.subscribe((state) => drawToolbar(toolbar, state, store));
  return new ChartCard(frontChart, store, {
    toolbar,
    chartOf: ({ view }) => (view.three ? front3dChart : frontChart),
    onChart: (_, host) => turnByDragging(host, store),
  });
}

let drawnFor: unknown;

function drawToolbar(toolbar: HTMLElement, { study, view }: PageState, store: PageStore): void {
  if (!study) return;
  const key = [study.picture.head.name, view.x, view.y, view.z, view.three].join('|');
  if (key === drawnFor) return;
  drawnFor = key;
  const focused = toolbar.contains(document.activeElement) ? document.activeElement?.getAttribute('data-key') : undefined;
  const choices = study.picture.head.metrics.map(({ name }) => [name, metricFormat(name).label] as const);
  const axis = (name: 'x' | 'y' | 'z', label: string) => {
    const element = select(label, choices, view[name], (metric) => store.look({ [name]: metric }));
    element.querySelector('select')!.dataset['key'] = name;
    return element;
  };
  const turn = (label: string, by: number) =>
    h(
      'button',
      {
        class: 'quiet',
        'data-key': label,
        'aria-label': `Turn ${label}`,
        onclick: () => store.look({ turn: [view.turn[0] + by, view.turn[1]] }),
      },
      by < 0 ? '⟲' : '⟳',
    );
  fill(
    toolbar,
    axis('y', view.three ? 'up' : 'y'),
    axis('x', view.three ? 'across' : 'x'),
    view.three && axis('z', 'deep'),
    view.three && [turn('left', -0.3), turn('right', 0.3)],
    h(
      'button',
      {
        class: 'quiet',
        'data-key': 'three',
        'aria-pressed': String(view.three),
        onclick: () => store.look({ three: !store.state.view.three }),
      },
      '3D',
    ),
  );
  if (focused) toolbar.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus();
}

/** Radians per pixel. */
const speed = 0.008;

function turnByDragging(host: HTMLElement, store: PageStore): void {
  let from: { readonly x: number; readonly y: number; readonly turn: readonly [number, number] } | undefined;
  host.addEventListener('pointerdown', ({ clientX, clientY }) => {
    if (store.state.view.three) from = { x: clientX, y: clientY, turn: store.state.view.turn };
  });
  window.addEventListener('pointermove', ({ clientX, clientY }) => {
    if (!from) return;
    const pitch = from.turn[1] + (clientY - from.y) * speed;
    store.look({ turn: [from.turn[0] + (clientX - from.x) * speed, Math.min(1.4, Math.max(0, pitch))] });
  });
  window.addEventListener('pointerup', () => (from = undefined));
}
