import { announce, fill, h } from './dom.ts';
import { messageOf, type PageStore } from './store.ts';

/** Asks for a folder, has the server export, and says what came of it. */
export function askExport(store: PageStore, trial: number): void {
  const folder = h('input', {
    id: 'export-folder',
    name: 'folder',
    value: `model-${trial}`,
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const said = h('p', { class: 'said', role: 'status' });
  const go = h('button', { class: 'primary', type: 'submit' }, 'Export');
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'export-title', onclose: () => dialog.remove() });
  const send = async () => {
    go.disabled = true;
    fill(said, 'Measuring the model again on validation and test data …');
    try {
      const message = await store.source.exportTrial(store.state.view.study, trial, folder.value.trim());
      fill(said, h('code', {}, message));
      announce(`Trial ${trial} is exported to ${folder.value}.`);
      go.remove();
    } catch (error) {
      fill(said, messageOf(error));
      go.disabled = false;
    }
  };
  const form = h(
    'form',
    {
      onsubmit: (event) => {
        event.preventDefault();
        void send();
      },
    },
    h('h2', { id: 'export-title' }, `Export trial ${trial}`),
    h(
      'p',
      {},
      'The measured file, measured once more, with its certificate and model card. It is written into a new folder below the one that nas ui was started in.',
    ),
    h('div', { class: 'fields' }, h('label', { for: 'export-folder' }, 'Folder '), folder),
    said,
    h('div', { class: 'buttons' }, go, h('button', { class: 'quiet', type: 'button', onclick: () => dialog.close() }, 'Close')),
  );
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
}
