import { dirname } from 'node:path';
import { exitCodes } from '../../core/errors.ts';
import { whyNoPictures } from '../../network/data/images/decode.ts';
import { findDatasets } from '../../network/data/index.ts';
import { describeSetup, type EngineSetup, isSameSetup } from '../../network/engine/choice.ts';
import { setups } from '../../network/engine/select/candidates.ts';
import { chooseEngine } from '../../network/engine/select/choose.ts';
import { thisMachine, whyNot } from '../../network/engine/select/look.ts';
import { findTensorflow } from '../../network/engine/tensorflow/package.ts';
import { machineFacts } from '../doctor/machine.ts';
import { type DoctorReport, problemsOf, renderReport, type SetupReport } from '../doctor/report.ts';
import { probeHere } from '../engine.ts';
import { baselineFolder } from '../folders.ts';
import { print, printJson } from '../output.ts';
import { type ProgressLine, progressLine } from '../progress-line.ts';
import { speedInProcess } from '../speed.ts';
import { versions } from '../versions.ts';
import { defaultWorkers } from '../workers.ts';

interface DoctorFlags {
  readonly speed: boolean;
  readonly json?: boolean;
}

/** Of each setup that can be used. */
const speedSeconds = 10;

/** `nas doctor`: what this machine has, what would be used and why. Returns the exit code: 1 where something is wrong. */
export async function doctor({ speed, json }: DoctorFlags): Promise<number> {
  const line = progressLine();
  const tried = await trySetups(line);
  const reports = speed ? await measureSpeeds(tried, line) : tried;
  line.clear();
  const report = await assemble(reports);
  if (json) printJson(report);
  else print(renderReport(report));
  return report.problems.length === 0 ? exitCodes.ok : exitCodes.failure;
}

async function trySetups(line: ProgressLine): Promise<SetupReport[]> {
  const reports: SetupReport[] = [];
  for (const [i, setup] of setups.entries()) {
    line.show(`trying ${describeSetup(setup)}`, i, setups.length);
    reports.push(await trySetup(setup));
  }
  return reports;
}

/** What the machine shows to have must work; a lowering that does not fit the processor is no fault of it. */
async function trySetup(setup: EngineSetup): Promise<SetupReport> {
  const absent = whyNot(setup, thisMachine());
  const reason = absent ?? (await probeHere(setup, true));
  const plain = setup.engine === 'onnxruntime' && setup.device === 'cpu' && setup.lowering !== 'portable';
  const broken = reason !== undefined && absent === undefined && !plain;
  return { ...setup, usable: reason === undefined, broken, ...(reason === undefined ? {} : { reason }) };
}

async function measureSpeeds(reports: readonly SetupReport[], line: ProgressLine): Promise<SetupReport[]> {
  const measured: SetupReport[] = [];
  for (const report of reports) measured.push(report.usable ? await withSpeed(report, line) : report);
  return measured;
}

async function withSpeed(report: SetupReport, line: ProgressLine): Promise<SetupReport> {
  const { engine, device, lowering } = report;
  const stage = `timing ${describeSetup(report)}`;
  const startedAt = performance.now();
  const tick = () => line.show(stage, Math.min(speedSeconds, (performance.now() - startedAt) / 1000), speedSeconds);
  tick();
  const result = await speedInProcess({ setup: { engine, device, lowering }, seconds: speedSeconds }, tick);
  return typeof result === 'string' ? { ...report, usable: false, broken: true, reason: result } : { ...report, speed: result };
}

async function assemble(reports: readonly SetupReport[]): Promise<DoctorReport> {
  const machine = machineFacts(dirname(baselineFolder()));
  const known = (setup: EngineSetup) => Promise.resolve(reports.find((report) => isSameSetup(report, setup))?.reason);
  const choice = await chooseEngine({ engine: 'auto', device: 'auto' }, known);
  const tensorflow = findTensorflow();
  return {
    versions: versions(),
    machine,
    tensorflow: tensorflow && { name: tensorflow.name, version: tensorflow.version, folder: tensorflow.folder },
    pictures: await whyNoPictures(),
    datasets: findDatasets(),
    setups: reports,
    choice,
    workers: defaultWorkers(choice),
    problems: problemsOf({ machine, setups: reports }),
  };
}
