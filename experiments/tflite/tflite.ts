/**
 * Whether TensorFlow Lite models are what they were made from: the fronts of four short searches, exported with
 * `--format tflite`, on test data by onnxruntime, by LiteRT (both as `nas export` measures them) and, where Python has
 * TensorFlow, by its own interpreter: with the kernels that a phone runs (XNNPACK), and with the reference ones.
 *
 *   npm run build && npx tsx experiments/tflite/tflite.ts [--trials 16] [--python python3]
 *
 * Writes results/tflite/tflite.json and .md.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Certificate } from '../../src/export/certificate.ts';
import { type Interpreter, startInterpreter } from './interpreter.ts';
import { type Row, toMarkdown } from './report.ts';
import { writeTestData } from './test-data.ts';

const { values } = parseArgs({
  options: { trials: { type: 'string', default: '16' }, python: { type: 'string', default: 'python3' } },
});
const main = fileURLToPath(new URL('../../dist/bin/nas.js', import.meta.url));
const results = fileURLToPath(new URL('../../results/tflite', import.meta.url));
const spaces = ['resnet.yaml', 'mobilenet.yaml', 'speech.yaml', fileURLToPath(new URL('./deciding.yaml', import.meta.url))];

const folder = mkdtempSync(join(tmpdir(), 'nas-tflite-'));
const nas = (...args: string[]) =>
  execFileSync(process.execPath, [main, ...args, '--db', join(folder, 'nas.db')], { stdio: ['ignore', 'pipe', 'inherit'] });

const interpreter = await startInterpreter(values.python);
const rows: Row[] = [];
for (const file of spaces) {
  const space = basename(file, '.yaml');
  nas('search', '--space', file, '--trials', values.trials, '--study', space);
  const out = join(folder, space);
  nas('export', '--front', '--study', space, '--out', out, '--format', 'tflite');
  const models = readdirSync(out).filter((name) => name.startsWith('trial-'));
  const data = await writeTestData(join(out, models[0]!), folder);
  for (const model of models) rows.push(await rowOf(space, join(out, model), interpreter && { interpreter, data }));
}
interpreter?.close();
rmSync(folder, { recursive: true });
const report = { machine: cpus()[0]!.model, tensorflow: interpreter?.version ?? null, rows };
mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'tflite.json'), `${JSON.stringify(report, null, 1)}\n`);
writeFileSync(join(results, 'tflite.md'), toMarkdown(report));

interface Asked {
  readonly interpreter: Interpreter;
  readonly data: Awaited<ReturnType<typeof writeTestData>>;
}

async function rowOf(space: string, folder: string, asked: Asked | undefined): Promise<Row> {
  const certificate = JSON.parse(readFileSync(join(folder, 'certificate.json'), 'utf8')) as Certificate;
  const measured = certificate.measured as unknown as { test: { accuracy: number }; latency: { medianMs: number } };
  const lite = certificate.further!['model.tflite']!;
  const found = await asked?.interpreter.ask({ model: join(folder, 'model.tflite'), ...asked.data });
  return {
    space,
    trial: certificate.trial,
    images: lite.test.images,
    onnx: { bytes: certificate.model.bytes, accuracy: measured.test.accuracy, ms: measured.latency.medianMs },
    lite: { bytes: lite.bytes, accuracy: lite.test.accuracy },
    ...(found ? { tensorflow: found } : {}),
  };
}
