/**
 * Whether MediaPipe's ImageClassifier takes a TensorFlow Lite model as it is, by what the file says of itself: networks in
 * colour, a picture of noise, the classes and scores beside the logits of onnxruntime.
 *
 *   npm install --no-save @mediapipe/tasks-vision && npx tsx experiments/tflite/mediapipe.ts
 *
 * Needs Chromium. Writes results/tflite/mediapipe.md.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ExportSource } from '../../src/export/formats/format.ts';
import { tflite } from '../../src/export/formats/tflite.ts';
import { trainedModel, trainedResnet } from '../../test/fixtures/graphs.ts';
import { onnxLogits, shippedModel } from '../../test/fixtures/shipped.ts';
import { launch } from '../../test/ui/browser.ts';

const [height, width] = [32, 48];
const shape = [3, height, width] as const;
const resnet = () => trainedResnet({ blocks: [1, 1], widths: [8, 12] }, shape);
const mobilenet = () => trainedModel({ family: 'mobilenet', stem: 4, widths: [4, 8], expansion: 2, activation: 'relu6' }, shape);

const networks: Readonly<Record<string, () => Promise<ExportSource>>> = {
  'ResNet, floats': () => shippedModel(resnet(), {}),
  'ResNet, half of the channels, 8-bit integers': () => shippedModel(resnet(), { prune: { keep: 0.5 }, quantize: { bits: 8 } }),
  'ResNet, 4-bit weights': () => shippedModel(resnet(), { quantize: { bits: 4, mode: 'weight-only' } }),
  'MobileNet, 8-bit integers': () => shippedModel(mobilenet(), { quantize: { bits: 8 } }),
};

/** Opaque noise, RGBA. */
const pixels = Uint8Array.from({ length: 4 * height * width }, (_, i) => (i % 4 === 3 ? 255 : (i * 37) % 251));

function imageFor({ input }: ExportSource): Float32Array {
  const places = height * width;
  return Float32Array.from({ length: 3 * places }, (_, i) => {
    const channel = Math.floor(i / places);
    return (pixels[4 * (i % places) + channel]! / 255 - input.mean[channel]!) / input.std[channel]!;
  });
}

type Category = readonly [name: string, score: number];

const inPage = `async (pixels, width, height) => {
  const { ImageClassifier, FilesetResolver } = await import('/vision_bundle.mjs');
  const files = await FilesetResolver.forVisionTasks('/wasm');
  const modelAssetBuffer = new Uint8Array(await (await fetch('/model.tflite')).arrayBuffer());
  const classifier = await ImageClassifier.createFromOptions(files, { baseOptions: { modelAssetBuffer, delegate: 'CPU' } });
  const { classifications } = classifier.classify(new ImageData(new Uint8ClampedArray(pixels), width, height));
  return classifications[0].categories.map(({ categoryName, score }) => [categoryName, score]);
}`;

let model: Uint8Array;
const library = new URL('../../node_modules/@mediapipe/tasks-vision/', import.meta.url);
const server = createServer(({ url = '/' }, response) => {
  const kind = url.endsWith('.wasm') ? 'application/wasm' : url === '/' ? 'text/html' : 'text/javascript';
  response.setHeader('content-type', kind);
  if (url === '/' || url === '/favicon.ico') response.end('<canvas></canvas>');
  else response.end(url === '/model.tflite' ? model : readFileSync(new URL(`.${url}`, library)));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const browser = await launch();
const rows: string[] = [];
for (const [name, make] of Object.entries(networks)) {
  const source = await make();
  model = (await tflite.files(source))['model.tflite'] as Uint8Array;
  const page = await browser.newPage();
  await page.goto(address);
  const found = (await page.evaluate(`(${inPage})(${JSON.stringify([...pixels])}, ${width}, ${height})`)) as readonly Category[];
  await page.close();
  const logits = await onnxLogits(source, imageFor(source));
  const differences = found.map(([category, score]) => Math.abs(score - logits[source.classes.indexOf(category)]!));
  const best = source.classes[logits.indexOf(Math.max(...logits))];
  rows.push(`| ${name} | ${best} | ${found[0]![0]} | ${Math.max(...differences).toExponential(1)} |`);
}
await browser.close();
server.close();
const results = fileURLToPath(new URL('../../results/tflite', import.meta.url));
mkdirSync(results, { recursive: true });
const { version } = JSON.parse(readFileSync(new URL('package.json', library), 'utf8')) as { version: string };
const text = `# TensorFlow Lite models in MediaPipe's ImageClassifier

MediaPipe ${version} in Chromium takes the file alone: it prepares the picture and names the classes by what the file says. A picture of
noise, ${width} × ${height} pixels, beside onnxruntime on the ONNX file.

| network | class by onnxruntime | class by MediaPipe | largest difference of the scores |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
writeFileSync(`${results}/mediapipe.md`, text);
process.stdout.write(text);
