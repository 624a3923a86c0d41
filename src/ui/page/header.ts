import { formatDuration } from '../../dashboard/format.ts';
import { fill, h, select } from './dom.ts';
import { showHelp } from './help.ts';
import type { PageState, PageStore } from './store.ts';

/** Which study, how far it is, and how the page looks. */
export function pageHeader(store: PageStore): HTMLElement {
  const [study, status, theme] = [
    h('div', { class: 'studies' }),
    h('p', { class: 'status', role: 'status' }),
    h('div', { class: 'toolbar' }),
  ];
  let drawn: readonly unknown[] = [];
  store.subscribe((state) => {
    const { studies, view } = state;
    const key = [studies, view.study, view.theme, state.study, state.online];
    if (key.every((part, i) => part === drawn[i])) return;
    drawn = key;
    fill(study, ...studyChoice(state, store));
    fill(status, ...statusOf(state));
    fill(theme, themeButton(state, store), h('button', { class: 'quiet', onclick: showHelp }, 'Keys'));
  });
  return h('header', { class: 'top' }, h('div', { class: 'brand' }, mark(), h('h1', {}, 'Espalier')), study, status, theme);
}

function mark(): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 32 32');
  svg.setAttribute('class', 'mark');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', 'M16 29V4M16 24H5V14M16 24H27V14M16 15H9V7M16 15H23V7');
  svg.append(path);
  return svg;
}

function studyChoice({ studies, view }: PageState, store: PageStore): HTMLElement[] {
  if (studies.length < 2) return [h('span', { class: 'study-name' }, view.study)];
  return [
    select(
      'study',
      studies.map(({ name }) => [name, name] as const),
      view.study,
      (name) => void store.open(name),
    ),
  ];
}

function statusOf({ study, online }: PageState): HTMLElement[] {
  if (!study) return [];
  const { rows, live } = study.picture;
  const count = (state: string) => rows.filter((row) => row.state === state).length;
  const parts = [`${count('done')} done`];
  for (const state of ['running', 'paused', 'stopped', 'failed'] as const)
    if (count(state) > 0) parts.push(`${count(state)} ${state}`);
  const last = rows.reduce((latest, { finishedAt }) => Math.max(latest, finishedAt ?? 0), 0);
  const pill = !online ? 'no connection' : live ? 'searching' : 'at rest';
  return [
    h('span', { class: `pill ${!online ? 'lost' : live ? 'live' : ''}` }, pill),
    h('span', {}, parts.join(' · ')),
    h('span', { class: 'muted' }, `${study.analysis.front.length} on the front${last > 0 ? ` · ${formatDuration(last)}` : ''}`),
  ];
}

const themes = ['auto', 'light', 'dark'] as const;
const themeNames = { auto: 'Auto', light: 'Light', dark: 'Dark' } as const;

function themeButton({ view }: PageState, store: PageStore): HTMLElement {
  const next = themes[(themes.indexOf(view.theme) + 1) % themes.length]!;
  return h(
    'button',
    { class: 'quiet', onclick: () => store.look({ theme: next }), 'aria-label': `Colours: ${view.theme}. Change to ${next}` },
    themeNames[view.theme],
  );
}
