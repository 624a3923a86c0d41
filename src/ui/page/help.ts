import { fill, h } from './dom.ts';

const keys: readonly (readonly [key: string, what: string])[] = [
  ['← →', 'the neighbour on the front'],
  ['↑ ↓', 'the trial before and after'],
  ['c', 'compare the chosen trial, or stop comparing it'],
  ['e', 'export the chosen trial'],
  ['b', 'the baseline'],
  ['3', 'two or three dimensions'],
  ['/', 'filter the table of trials'],
  ['t', 'light, dark, or as the system is'],
  ['Esc', 'choose nothing; once more: no filters'],
  ['?', 'this list'],
];

export function showHelp(): void {
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'help-title', onclose: () => dialog.remove() });
  fill(
    dialog,
    h('h2', { id: 'help-title' }, 'Keys and mouse'),
    h('dl', { class: 'keys' }, ...keys.flatMap(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)])),
    h(
      'p',
      { class: 'muted' },
      'Click a point to choose it, shift-click to compare it. Wheel and drag zoom and pan a chart. Drag along an axis of the choices to filter. The address carries all of it: copy it to share the view.',
    ),
    h('div', { class: 'buttons' }, h('button', { class: 'primary', onclick: () => dialog.close() }, 'Close')),
  );
  document.body.append(dialog);
  dialog.showModal();
}
