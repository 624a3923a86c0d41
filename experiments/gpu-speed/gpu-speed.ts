/**
 * What a GPU is good for: a training step of three networks on every setup that works on this machine, beside PyTorch on
 * the same GPU where Python has it, and the trials that `nas search` ends in an hour on the GPU and on the CPU.
 *
 *   npm run bench:gpu [-- --python python3 --trials 24 --only steps]
 *
 * Writes results/gpu-speed/gpu-speed.json and .md. Takes about ten minutes, and needs a GPU that `nas doctor` finds usable.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { EngineSetup } from '../../src/network/engine/choice.ts';
import { setups } from '../../src/network/engine/select/candidates.ts';
import { thisMachine, whyNot } from '../../src/network/engine/select/look.ts';
import { selfTest } from '../../src/network/engine/select/self-test.ts';
import { startTorch } from '../engine-speed/torch.ts';
import { type Net, nets } from './net.ts';
import { type Steps, stepTimes } from './steps.ts';
import { type TrialRate, trialRate } from './trials.ts';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    trials: { type: 'string', default: '24' },
    only: { type: 'string', default: '' },
  },
});

interface Report {
  readonly date: string;
  readonly machine: string;
  readonly gpu: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly steps: readonly { readonly net: Net; readonly times: Steps }[];
  readonly trials: readonly TrialRate[];
}

/** Those that pass their self-test, of the CPU the preferred one. */
async function usable(): Promise<readonly EngineSetup[]> {
  const machine = thisMachine();
  const found: EngineSetup[] = [];
  for (const setup of setups) {
    if (setup.device === 'cpu' && (setup.engine !== 'onnxruntime' || found.some(({ device }) => device === 'cpu'))) continue;
    const reason = whyNot(setup, machine) ?? (await selfTest(setup, { quick: true }));
    if (reason === undefined) found.push(setup);
    else console.log(`${setup.engine} on ${setup.device}: ${reason}`);
  }
  return found;
}

function gpuName(): string {
  try {
    return execFileSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], { encoding: 'utf8' }).trim();
  } catch {
    return 'a GPU whose name nvidia-smi does not tell';
  }
}

function versionOf(name: string): string {
  const manifest = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const usableSetups = await usable();
const devices = [...new Set(usableSetups.map(({ device }) => device))];
if (devices.every((device) => device === 'cpu')) console.log('No GPU can be used here: this measures the CPU alone.');
const torch = await startTorch(values.python, process.env);
let report: Report = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus()[0]!.model.trim()}, ${availableParallelism()} cores`,
  gpu: gpuName(),
  versions: { onnxruntime: versionOf('onnxruntime-node'), ...(torch ? { PyTorch: torch.version } : {}) },
  steps: [],
  trials: [],
};
for (const net of values.only === 'trials' ? [] : nets) {
  console.log(`${net.family}, ${net.width}× width …`);
  report = { ...report, steps: [...report.steps, { net, times: await stepTimes(net, usableSetups, torch) }] };
  save();
}
torch?.close();
for (const space of values.only === 'steps' ? [] : [fileOf('resnet20.yaml'), fileOf('../../search-spaces/resnet.yaml')]) {
  for (const device of devices) {
    report = { ...report, trials: [...report.trials, await trialRate({ space, device, trials: Number(values.trials) })] };
    save();
  }
}
console.log(toMarkdown(report));
process.exit();

/** After every part: a machine may be lent for a short time only. */
function save(): void {
  const folder = fileOf('../../results/gpu-speed');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'gpu-speed.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, 'gpu-speed.md'), toMarkdown(report));
}

function toMarkdown({ date, machine, gpu, versions, steps: nets, trials: rates }: Report): string {
  const libraries = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const quantile = (list: readonly number[], part: number) =>
    list.toSorted((a, b) => a - b)[Math.min(list.length - 1, Math.floor(part * list.length))]!;
  const rowsOf = ({ net, times }: Report['steps'][number]) =>
    Object.entries(times).map(([who, list]) => {
      const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => quantile(list, part).toFixed(1));
      const name = net.family === 'resnet' ? `ResNet-20${net.width === 1 ? '' : `, ${net.width}× as wide`}` : 'MobileNet';
      return `| ${name} | ${who} | ${middle} (${low} … ${high}) | ${list.length} |`;
    });
  const rates2 = rates.map(
    ({ space, device, workers, trials: count, perHour, baselineSeconds }) =>
      `| ${space} | ${device} | ${workers} | ${count} | ${perHour.toFixed(0)} | ${baselineSeconds.toFixed(0)} |`,
  );
  return `# Training on a GPU

${date}. ${gpu}; ${machine}; ${libraries.join(', ')}. By \`npm run bench:gpu\`.

One training step (forward, backward, update; images and labels from the CPU's memory, the loss back to it), batch of
128 images of 3×32×32. Milliseconds: median (quartiles), one after the other.

| network | by | ms | steps |
|---|---|---|---|
${nets.flatMap(rowsOf).join('\n')}

Trials that \`nas search\` ends in an hour, the baseline left out. What a candidate is measured by runs on the CPU always.

| space | device | workers | trials | an hour | baseline after (s) |
|---|---|---|---|---|---|
${rates2.join('\n')}
`;
}
