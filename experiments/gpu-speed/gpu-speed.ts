/**
 * What a GPU is good for: a training step of three networks on every setup that works on this machine, beside PyTorch on
 * the same GPU where Python has it, how long a training takes to begin, and the trials that `nas search` ends in an hour on the GPU and on the CPU.
 *
 *   npm run bench:gpu [-- --python python3 --trials 24 --only steps]
 *
 * Writes results/gpu-speed/gpu-speed.json and .md. Takes about ten minutes, and needs a GPU that `nas doctor` finds usable.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machineFacts } from '../../src/cli/doctor/machine.ts';
import { probeHere } from '../../src/cli/engine.ts';
import { versions } from '../../src/cli/versions.ts';
import type { EngineSetup } from '../../src/network/engine/choice.ts';
import { setups } from '../../src/network/engine/select/candidates.ts';
import { startTorch } from '../engine-speed/torch.ts';
import { nets } from './net.ts';
import { type Report, toMarkdown } from './report.ts';
import { startTimes } from './starts.ts';
import { nameOf, stepTimes } from './steps.ts';
import { trialRate } from './trials.ts';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    trials: { type: 'string', default: '24' },
    only: { type: 'string', default: '' },
  },
});

/** Those that pass their self-test, of the CPU the preferred one. */
async function usable(): Promise<readonly EngineSetup[]> {
  const found: EngineSetup[] = [];
  for (const setup of setups) {
    if (setup.device === 'cpu' && (setup.engine !== 'onnxruntime' || found.some(({ device }) => device === 'cpu'))) continue;
    const reason = await probeHere(setup, true);
    if (reason === undefined) found.push(setup);
    else console.log(`${setup.engine} on ${setup.device}: ${reason}`);
  }
  return found;
}

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const usableSetups = await usable();
const devices = [...new Set(usableSetups.map(({ device }) => device))];
if (devices.every((device) => device === 'cpu')) console.log('No GPU can be used here: this measures the CPU alone.');
const torch = await startTorch(values.python, process.env);
let report: Report = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus()[0]!.model.trim()}, ${availableParallelism()} cores`,
  gpu: machineFacts(fileOf('../..')).gpus.join(', ') || 'no GPU',
  versions: { onnxruntime: versions().onnxruntime, ...(torch ? { PyTorch: torch.version } : {}) },
  steps: [],
  starts: [],
  trials: [],
};
const wants = (part: string) => values.only === '' || values.only === part;
for (const setup of wants('starts') ? usableSetups : []) {
  report = { ...report, starts: [...report.starts, { by: nameOf(setup, 1), times: await startTimes(nets[0]!, setup) }] };
  save();
}
for (const net of wants('steps') ? nets : []) {
  console.log(`${net.family}, ${net.width ?? 1}× width …`);
  report = { ...report, steps: [...report.steps, { net, times: await stepTimes(net, usableSetups, torch) }] };
  save();
}
torch?.close();
for (const space of !wants('trials') ? [] : [fileOf('resnet20.yaml'), fileOf('../../search-spaces/resnet.yaml')]) {
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
