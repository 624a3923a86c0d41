import { availableParallelism } from 'node:os';
import type { EngineSetup } from '../network/engine/choice.ts';
import { defaultLookAhead } from '../search/study/options.ts';

/**
 * One trial per core. On a GPU through WebGPU a few: while one trains, others are made ready and measured on the CPU. CUDA is kept
 * busy by one, and TensorFlow spreads one over all cores.
 */
export function defaultWorkers({ engine, device }: EngineSetup): number {
  if (engine === 'tensorflow' || device === 'cuda') return 1;
  return Math.min(device === 'webgpu' ? besideGpu : defaultLookAhead, availableParallelism());
}

/** Enough to make ready and measure what one GPU trains. */
const besideGpu = 4;
