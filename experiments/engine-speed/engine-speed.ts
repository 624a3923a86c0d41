/**
 * How long a training step takes: ResNet-20 and a MobileNet at batch 128, in the blocked and the portable lowering, in turns
 * with the same networks in PyTorch where Python has it (`pip install torch`); on one thread and on two, and two workers
 * beside each other; by which work; and beside TensorFlow.js, on very few images. Our steps run in large pages, as in a
 * search; PyTorch as it comes, and also in large pages.
 *
 *   npm run bench:engine [-- --rounds 8 --python python3 --only resnet]
 *
 * Writes results/engine-speed/engine-speed.json and .md. Takes about eight minutes on a quiet machine.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { withLargePages } from '../../src/executors/pool/large-pages.ts';
import { blockSize } from '../../src/network/engine/lowering/blocked/probe.ts';
import { macs } from '../../src/network/ir/macs.ts';
import { modelOf, openTrainer, type Trainer } from './espalier.ts';
import { gemmRate } from './gemm.ts';
import { type Net, nets, type StepTimes } from './net.ts';
import { profile } from './profile.ts';
import { largePages, type NetReport, type Report, type Runs, toMarkdown } from './report.ts';
import { measureTensorflow } from './tensorflow.ts';
import { type Layout, layouts, startTorch, type Torch } from './torch.ts';
import { startWorkers } from './workers.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '8' },
    python: { type: 'string', default: 'python3' },
    only: { type: 'string', default: '' },
  },
});
// The C library reads it when a process starts.
const large = withLargePages();
if (large !== process.env) {
  const again = spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1)], { env: large, stdio: 'inherit' });
  process.exit(again.status ?? 1);
}

const rounds = Number(values.rounds);
const stepsPerRound = 2;
const block = await blockSize();
const ours = block === undefined ? 'portable' : `blocked${block}`;

type Runner = (steps: number) => Promise<StepTimes>;

/** Everyone in turns, each round beginning with another one; a first round that does not count. */
async function inTurns(all: Readonly<Record<string, Runner>>): Promise<Runs> {
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

/** PyTorch as it comes, and in large pages. */
interface Torches {
  readonly plain: Torch | undefined;
  readonly large: Torch | undefined;
}

/** On so many threads: our lowerings and PyTorch's layouts. */
async function compare(net: Net, lowerings: readonly string[], threads: number, { plain, large }: Torches) {
  const trainers: Record<string, Trainer> = {};
  for (const lowering of lowerings) trainers[lowering] = await openTrainer(net, { lowering, threads });
  const runners: Record<string, Runner> = {};
  for (const [lowering, trainer] of Object.entries(trainers)) runners[lowering] = (steps) => trainer.run(steps);
  const { parameters, startMs } = trainers[ours]!;
  for (const [torch, suffix] of [
    [plain, ''],
    [large, largePages],
  ] as const) {
    for (const layout of torch ? layouts : []) {
      runners[`PyTorch ${layout}${suffix}`] = (steps) => checkedRun(torch!, { net, layout, threads }, steps, parameters);
    }
  }
  const runs = await inTurns(runners);
  for (const trainer of Object.values(trainers)) await trainer.close();
  const again = await openTrainer(net, { lowering: ours, threads });
  await again.close();
  return { runs, parameters, startMs, laterStartMs: again.startMs };
}

/** The two must train the same network. */
async function checkedRun(
  torch: Torch,
  { net, layout, threads }: { net: Net; layout: Layout; threads: number },
  steps: number,
  parameters: number,
): Promise<StepTimes> {
  const times = await torch.run(net, layout, threads, steps);
  if (times.parameters !== parameters)
    throw new Error(`PyTorch's network has ${times.parameters} parameters, ours ${parameters}`);
  return times;
}

/** One worker and two, in turns, each with one thread; beside them one process and two of PyTorch. */
async function sideBySide(net: Net, { plain }: Torches): Promise<NetReport['sideBySide']> {
  const workers = await startWorkers(net, ours, 2);
  const other = plain && (await startTorch(values.python, plainEnvironment));
  const crews: Record<string, Crew> = { [ours]: (count, steps) => workers.run(count, steps) };
  for (const layout of plain && other ? layouts : []) crews[`PyTorch ${layout}`] = torchCrew([plain!, other!], net, layout);
  const steps = 2 * stepsPerRound;
  const times = Object.fromEntries(Object.keys(crews).map((name) => [name, { one: [] as number[], two: [] as number[] }]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, crew] of Object.entries(crews)) {
      times[name]!.one.push((await crew(1, steps)) / steps);
      times[name]!.two.push((await crew(2, steps)) / (2 * steps));
    }
  }
  workers.close();
  other?.close();
  return times;
}

/** Milliseconds until so many processes have each made so many steps. */
type Crew = (count: number, steps: number) => Promise<number>;

function torchCrew(processes: readonly Torch[], net: Net, layout: Layout): Crew {
  return async (count, steps) => {
    const startedAt = performance.now();
    await Promise.all(processes.slice(0, count).map((torch) => torch.run(net, layout, 1, steps)));
    return performance.now() - startedAt;
  };
}

async function measure(net: Net, torch: Torches): Promise<NetReport> {
  console.log(`${net.family}, ${net.channels}×${net.size}×${net.size} …`);
  const { runs, parameters, startMs, laterStartMs } = await compare(net, [...new Set([ours, 'portable'])], 1, torch);
  const twoThreads = await compare(net, [ours], 2, torch);
  return {
    net,
    parameters,
    startMs,
    laterStartMs,
    // A step costs about three times the forward pass: the gradients by inputs and by weights are as large as it.
    gflop: (6 * macs(modelOf(net)).total) / 1e9,
    runs: { 1: runs, 2: twoThreads.runs },
    sideBySide: await sideBySide(net, torch),
    // Seconds per image: only where images are small.
    tensorflow: net.size < 32 ? await measureTensorflow(net) : [],
    shares: await profile(net, ours, 6),
  };
}

function versionsOf(torch: Torch | undefined): Record<string, string> {
  const manifest = new URL('../../node_modules/onnxruntime-node/package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return { onnxruntime: version, ...(torch ? { PyTorch: `${torch.version} (${torch.capability})` } : {}) };
}

const { GLIBC_TUNABLES: _, ...plainEnvironment } = process.env;
const torch = { plain: await startTorch(values.python, plainEnvironment), large: await startTorch(values.python, process.env) };
if (!torch.plain) console.log('PyTorch is not there (pip install torch): its part is skipped.');
const reports: NetReport[] = [];
/** Before and after all else: a machine is not always as fast. */
const before = { 1: await gemmRate(1), 2: await gemmRate(2) };
for (const net of nets) if (net.family.includes(values.only)) reports.push(await measure(net, torch));
torch.plain?.close();
torch.large?.close();
const report: Report = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus()[0]!.model}, ${cpus().length} cores`,
  rounds,
  stepsPerRound,
  ours,
  gemm: { 1: Math.max(before[1], await gemmRate(1)), 2: Math.max(before[2], await gemmRate(2)) },
  versions: versionsOf(torch.plain),
  nets: reports,
};
const folder = fileURLToPath(new URL('../../results/engine-speed', import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'engine-speed.json'), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(join(folder, 'engine-speed.md'), toMarkdown(report));
console.log(toMarkdown(report));
