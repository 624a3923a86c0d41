import { availableParallelism } from 'node:os';
import type { EngineSetup } from '../network/engine/choice.ts';
import { defaultLookAhead } from '../search/study/options.ts';
import { note } from './output.ts';

/** One trial per core; a GPU is kept busy by one, and TensorFlow spreads one over all cores. */
export const defaultWorkers = ({ engine, device }: EngineSetup): number =>
  engine === 'onnxruntime' && device === 'cpu' ? Math.min(defaultLookAhead, availableParallelism()) : 1;

/** Trials at a time: as many as were asked for, where the engine can. Says so where it cannot. */
export function workersFor(engine: EngineSetup, wished: number | undefined): number {
  if (wished === undefined) return defaultWorkers(engine);
  if (wished === 1 || engine.device !== 'webgpu') return wished;
  note(`--workers ${wished}: one at a time on WebGPU, whose queue onnxruntime cannot share between threads.`);
  return 1;
}
