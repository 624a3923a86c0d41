import { askExport } from './export-dialog.ts';
import { showHelp } from './help.ts';
import type { PageStore } from './store.ts';

/** Keys that work anywhere on the page but in fields and dialogs. */
export function listenToKeys(store: PageStore): void {
  document.addEventListener('keydown', (event) => {
    const { target } = event;
    const isBusy = target instanceof Element && target.closest('input, select, textarea, dialog') !== null;
    if (isBusy || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actions[event.key];
    if (!action || !store.state.study) return;
    event.preventDefault();
    action(store);
  });
}

const actions: Readonly<Record<string, (store: PageStore) => void>> = {
  ArrowLeft: (store) => alongFront(store, -1),
  ArrowRight: (store) => alongFront(store, 1),
  ArrowUp: (store) => alongTrials(store, -1),
  ArrowDown: (store) => alongTrials(store, 1),
  b: (store) => store.look({ selected: 0 }),
  c: (store) => withSelected(store, (number) => store.togglePinned(number)),
  e: (store) => withSelected(store, (number) => store.source.isFile || askExport(store, number)),
  t: (store) => store.look({ theme: ({ auto: 'light', light: 'dark', dark: 'auto' } as const)[store.state.view.theme] }),
  3: (store) => store.look({ three: !store.state.view.three }),
  '/': () => document.getElementById('trial-filter')?.focus(),
  '?': showHelp,
  Escape: (store) => store.look(store.state.view.selected === undefined ? { filters: {}, pinned: [] } : { selected: undefined }),
};

function withSelected(store: PageStore, act: (number: number) => unknown): void {
  const { selected } = store.state.view;
  if (selected !== undefined) act(selected);
}

/** From a trial that is not on the front, its end. */
function alongFront(store: PageStore, step: number): void {
  const front = store.state.study!.analysis.front.map(({ number }) => number);
  if (front.length === 0) return;
  const place = front.indexOf(store.state.view.selected ?? -1);
  const next = place < 0 ? (step > 0 ? 0 : front.length - 1) : Math.min(front.length - 1, Math.max(0, place + step));
  store.look({ selected: front[next]! });
}

function alongTrials(store: PageStore, step: number): void {
  const last = store.state.study!.picture.rows.length - 1;
  if (last < 0) return;
  store.look({ selected: Math.min(last, Math.max(0, (store.state.view.selected ?? (step > 0 ? -1 : last + 1)) + step)) });
}
