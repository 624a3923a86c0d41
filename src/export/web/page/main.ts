import type { WebFacts } from '../facts.ts';
import { type Answer, loadModel, type Model } from './model.ts';
import { drawingPad } from './pad.ts';
import { softmax, tensorOf } from './tensor.ts';

/** The page of a web bundle: a picture in, what the network says to it out. */

const find = (id: string): HTMLElement => document.getElementById(id)!;

const [canvas, seen] = ['pad', 'seen'].map(find) as [HTMLCanvasElement, HTMLCanvasElement];
const [choose, swap, status] = [find('file') as HTMLInputElement, find('swap') as HTMLInputElement, find('status')];

/** What is drawn, or was dropped; at most one picture, in its own size. */
let picture: ImageBitmap | undefined;
let answer: (() => Promise<void>) | undefined;

const pad = drawingPad(canvas, () => {
  picture = undefined;
  void answer?.();
});

async function take(file: Blob | undefined): Promise<void> {
  if (!file) return;
  try {
    picture = await createImageBitmap(file, { colorSpaceConversion: 'none' });
  } catch {
    status.textContent = 'This file is no picture that the browser can read.';
    return;
  }
  pad.show(picture);
  await answer?.();
}

/** The picture as large as the network takes it: whole, on black; or what covers the image, where it was trained on such. */
function look({ shape: [, height, width], resize }: WebFacts['input']): ImageData {
  [seen.width, seen.height] = [width, height];
  const context = seen.getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height);
  const source = picture ?? canvas;
  const fitting = resize?.fit === 'cover' ? Math.max : Math.min;
  const scale = fitting(width / source.width, height / source.height);
  const [shownWidth, shownHeight] = [source.width * scale, source.height * scale];
  context.imageSmoothingQuality = 'high';
  context.imageSmoothingEnabled = scale !== 1;
  context.drawImage(source, (width - shownWidth) / 2, (height - shownHeight) / 2, shownWidth, shownHeight);
  return context.getImageData(0, 0, width, height);
}

function show({ logits, milliseconds }: Answer, { classes }: WebFacts): void {
  const shares = softmax(logits);
  const order = shares.map((_, i) => i).sort((a, b) => shares[b]! - shares[a]!);
  find('best').textContent = classes[order[0]!]!;
  find('answers').replaceChildren(...order.map((i) => answerRow(classes[i]!, shares[i]!, logits[i]!)));
  find('latency').textContent = `${milliseconds.toPrecision(3)} ms a picture in this browser, one thread (median)`;
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

function listen(): void {
  choose.addEventListener('change', () => void take(choose.files?.[0]));
  swap.addEventListener('change', () => void answer?.());
  find('clear').addEventListener('click', () => {
    picture = undefined;
    pad.clear();
    void answer?.();
  });
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    void take(event.dataTransfer?.files[0]);
  });
  document.addEventListener('paste', (event) => void take(event.clipboardData?.files[0]));
}

/** One picture after the other, the last one always. */
function answering(facts: WebFacts, model: Model): () => Promise<void> {
  let [busy, again] = [false, false];
  return async function answerNow() {
    again = busy;
    if (busy) return;
    busy = true;
    show(await model(tensorOf(look(facts.input).data, facts.input, swap.checked)), facts);
    busy = false;
    if (again) await answerNow();
  };
}

async function start(): Promise<void> {
  find('served').hidden = true;
  listen();
  status.textContent = 'Loading …';
  const facts = (await (await fetch('facts.json')).json()) as WebFacts;
  const model = await loadModel(facts);
  answer = answering(facts, model);
  await answer();
}

start().catch((error: unknown) => {
  status.textContent = `The model cannot be run here: ${error instanceof Error ? error.message : String(error)}`;
});
