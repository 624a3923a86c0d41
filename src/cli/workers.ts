import { availableParallelism } from 'node:os';
import type { EngineSetup } from '../network/engine/choice.ts';
import { defaultLookAhead } from '../search/study/options.ts';

/**
 * One trial per core, also on a GPU: while some train, others are made ready and measured on the CPU. By onnxruntime's WebGPU one
 * at a time trains, so a few do. CUDA is kept busy by one, and TensorFlow spreads one over all cores.
 */
export function defaultWorkers({ engine, device }: EngineSetup): number {
  if (engine === 'tensorflow' || device === 'cuda') return 1;
  return Math.min(engine === 'onnxruntime' && device === 'webgpu' ? besideGpu : defaultLookAhead, availableParallelism());
}

/** Enough to make ready and measure what one GPU trains. */
const besideGpu = 4;
