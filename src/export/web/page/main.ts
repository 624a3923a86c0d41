import type { WebFacts } from '../facts.ts';
import { type Answer, loadModel, type Model } from './model.ts';
import { find, type Source } from './page.ts';
import { pictureSource } from './picture.ts';
import { soundSource } from './sound.ts';
import { softmax } from './tensor.ts';

/** The page of a web bundle: a picture or a sound in, what the network says to it out. */

const status = find('status');
const choose = find('file') as HTMLInputElement;

function show({ logits, milliseconds }: Answer, { classes }: WebFacts, what: string): void {
  const shares = softmax(logits);
  const order = shares.map((_, i) => i).sort((a, b) => shares[b]! - shares[a]!);
  find('best').textContent = classes[order[0]!]!;
  find('answers').replaceChildren(...order.map((i) => answerRow(classes[i]!, shares[i]!, logits[i]!)));
  find('latency').textContent = `${milliseconds.toPrecision(3)} ms a ${what} in this browser, one thread (median)`;
  status.textContent = '';
  document.body.dataset['answered'] = String(Number(document.body.dataset['answered'] ?? 0) + 1);
}

function answerRow(name: string, share: number, logit: number): HTMLElement {
  const row = document.createElement('li');
  row.dataset['logit'] = String(logit);
  row.dataset['name'] = name;
  const [label, meter, number] = ['span', 'meter', 'span'].map((tag) => document.createElement(tag));
  label!.textContent = name;
  (meter as HTMLMeterElement).value = share;
  meter!.setAttribute('aria-label', name);
  number!.textContent = `${(100 * share).toFixed(1)} %`;
  row.append(label!, meter!, number!);
  return row;
}

/** Files from a dialog, a drop or the clipboard. */
function listen(source: Source, changed: () => void): void {
  const take = async (file: Blob | undefined) => {
    if (!file) return;
    try {
      await source.take(file);
    } catch {
      status.textContent = `This file is no ${source.what} that the browser can read.`;
      return;
    }
    changed();
  };
  choose.addEventListener('change', () => void take(choose.files?.[0]));
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    void take(event.dataTransfer?.files[0]);
  });
  document.addEventListener('paste', (event) => void take(event.clipboardData?.files[0]));
}

/** One after the other, the last one always. */
function answering(facts: WebFacts, model: Model, source: Source): () => Promise<void> {
  let [busy, again] = [false, false];
  return async function answerNow() {
    again = busy;
    if (busy) return;
    busy = true;
    show(await model(source.input()), facts, source.what);
    busy = false;
    if (again) await answerNow();
  };
}

async function start(): Promise<void> {
  find('served').hidden = true;
  status.textContent = 'Loading …';
  const facts = (await (await fetch('facts.json')).json()) as WebFacts;
  let answer: (() => Promise<void>) | undefined;
  const changed = () => void answer?.();
  const failed = (why: string) => {
    status.textContent = `Nothing was recorded: ${why}`;
  };
  const { sound } = facts.input;
  const source = sound ? soundSource(facts, sound, changed, failed) : pictureSource(facts, changed);
  listen(source, changed);
  answer = answering(facts, await loadModel(facts), source);
  await answer();
}

start().catch((error: unknown) => {
  status.textContent = `The model cannot be run here: ${error instanceof Error ? error.message : String(error)}`;
});
