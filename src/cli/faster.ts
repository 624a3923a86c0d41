import { availableParallelism, cpus } from 'node:os';
import { describeSetup, type EngineChoice, type EngineRequest, setupOfChoice } from '../network/engine/choice.ts';
import type { ModelSpec } from '../network/models/index.ts';
import type { SpaceFile } from '../search/space/file/parse.ts';
import { writeAtomically } from '../trial/artefacts.ts';
import { cacheFile, readCached } from './cached.ts';
import { structureOf } from './compose.ts';
import { chooseEngineHere } from './engine.ts';
import { note } from './output.ts';
import { speedInProcess } from './speed.ts';
import { versions } from './versions.ts';
import { defaultWorkers } from './workers.ts';

/** Of each of the two. */
const seconds = 2;

/** Milliseconds of a training step, on the GPU and on one thread of the CPU; null for one that could not be timed. */
interface StepTimes {
  readonly gpu: number | null;
  readonly cpu: number | null;
}

type Training = Pick<SpaceFile, 'model' | 'trial'>;

/** What is found out about the machine. */
export interface Machine {
  choose(request: EngineRequest): Promise<EngineChoice>;
  stepTimes(gpu: EngineChoice, cpu: EngineChoice, training: Training): Promise<StepTimes>;
  workers(choice: EngineChoice): number;
}

/**
 * What a new study trains with. Where nobody named a device, a GPU is taken only if it is faster than the cores of the CPU
 * together: trainings have it one after the other, and small networks do not fill it.
 */
export async function chooseFaster(request: EngineRequest, training: Training, machine: Machine = here): Promise<EngineChoice> {
  const gpu = await machine.choose(request);
  if (request.device !== 'auto' || gpu.device === 'cpu') return gpu;
  const cpu = await machine.choose({ ...request, device: 'cpu' }).catch(() => undefined);
  if (!cpu) return gpu;
  const times = await machine.stepTimes(gpu, cpu, training);
  if (times.gpu === null || times.cpu === null) return gpu;
  const each = times.cpu / machine.workers(cpu);
  if (times.gpu <= each) return gpu;
  const reason = `${describeSetup(gpu)}: it takes ${ms(times.gpu)} for a step of this network, ${machine.workers(cpu)} at a time on the CPU ${ms(each)}.`;
  return { ...cpu, reasons: [reason, ...cpu.reasons] };
}

const ms = (time: number): string => `${time.toPrecision(2)} ms`;

/** Timed once: times differ a little from one to the next, and equal searches shall train with the same. */
async function stepTimesHere(gpu: EngineChoice, cpu: EngineChoice, { model, trial }: Training): Promise<StepTimes> {
  const { batchSize: batch } = trial as { readonly batchSize: number };
  const setups = [gpu, cpu].map(setupOfChoice);
  const made = { setups, model, batch, processor: [cpus()[0]?.model ?? '', availableParallelism()], versions: versions() };
  const file = cacheFile('step-times', made);
  const known = await readCached<StepTimes>(file);
  if (known) return known;
  note('Timing a training step of this network on the GPU and on the CPU …');
  const graph = structureOf(model as unknown as ModelSpec);
  const found: (number | null)[] = [];
  for (const setup of setups) {
    const speed = await speedInProcess({ setup, seconds, network: { graph, batch } });
    found.push(typeof speed === 'string' ? null : speed.medianMs);
  }
  const times = { gpu: found[0]!, cpu: found[1]! };
  await writeAtomically(file, JSON.stringify(times));
  return times;
}

const here: Machine = { choose: chooseEngineHere, stepTimes: stepTimesHere, workers: defaultWorkers };
