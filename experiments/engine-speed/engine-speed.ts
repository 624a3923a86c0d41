/**
 * How long a training step takes: ResNet-20 at batch 128 on one thread, in turns with the same network in PyTorch where
 * Python has it (`pip install torch`), and by which ops.
 *
 *   npm run bench:engine [-- --rounds 10 --python python3]
 *
 * Writes results/engine-speed/engine-speed.json and .md. Takes about a minute and a half on a quiet machine.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type OpShare, openTrainer, type Trainer } from './espalier.ts';
import type { Net, StepTimes } from './net.ts';
import { type NetReport, ours, type Report, toMarkdown } from './report.ts';
import { layouts, startTorch, type Torch } from './torch.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '10' }, python: { type: 'string', default: 'python3' } },
});
const rounds = Number(values.rounds);
const stepsPerRound = 2;
const nets: readonly Net[] = [
  { channels: 1, size: 28, batch: 128 },
  { channels: 3, size: 32, batch: 128 },
];

type Runner = (steps: number) => Promise<StepTimes>;

function runners(net: Net, trainer: Trainer, torch: Torch | undefined): Record<string, Runner> {
  const all: Record<string, Runner> = { [ours]: (steps) => trainer.run(steps) };
  for (const layout of torch ? layouts : [])
    all[`PyTorch ${layout}`] = (steps) => checkedRun(torch!, net, layout, steps, trainer);
  return all;
}

/** The two must train the same network. */
async function checkedRun(torch: Torch, net: Net, layout: (typeof layouts)[number], steps: number, { parameters }: Trainer) {
  const times = await torch.run(net, layout, steps);
  if (times.parameters !== parameters)
    throw new Error(`PyTorch's network has ${times.parameters} parameters, ours ${parameters}`);
  return times;
}

/** Everyone in turns, each round beginning with another one; a first round that does not count. */
async function inTurns(all: Readonly<Record<string, Runner>>): Promise<Record<string, StepTimes>> {
  const names = Object.keys(all);
  const times = new Map(names.map((name) => [name, { ms: [] as number[], cpuMs: [] as number[] }]));
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!;
      const { ms, cpuMs } = await all[name]!(stepsPerRound);
      if (round === 0) continue;
      times.get(name)!.ms.push(...ms);
      times.get(name)!.cpuMs.push(...cpuMs);
    }
  }
  return Object.fromEntries(times);
}

async function profile(net: Net): Promise<readonly OpShare[]> {
  const trainer = await openTrainer(net, { profile: true });
  await trainer.run(4);
  const shares = await trainer.shares();
  await trainer.close();
  return shares;
}

async function measure(net: Net, torch: Torch | undefined): Promise<NetReport> {
  const trainer = await openTrainer(net);
  const runs = await inTurns(runners(net, trainer, torch));
  const { parameters } = trainer;
  await trainer.close();
  return { net, parameters, runs, shares: await profile(net) };
}

function versionsOf(torch: Torch | undefined): Record<string, string> {
  const manifest = new URL('../../node_modules/onnxruntime-node/package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return { onnxruntime: version, ...(torch ? { PyTorch: `${torch.version} (${torch.capability})` } : {}) };
}

const torch = await startTorch(values.python);
if (!torch) console.log('PyTorch is not there (pip install torch): its part is skipped.');
const reports: NetReport[] = [];
for (const net of nets) reports.push(await measure(net, torch));
torch?.close();
const report: Report = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus()[0]!.model}, ${cpus().length} cores`,
  rounds,
  stepsPerRound,
  versions: versionsOf(torch),
  nets: reports,
};
const folder = fileURLToPath(new URL('../../results/engine-speed', import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'engine-speed.json'), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(join(folder, 'engine-speed.md'), toMarkdown(report));
console.log(toMarkdown(report));
