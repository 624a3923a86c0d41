import { openGpu } from '../shaders/device.ts';
import { openShadersSession } from '../shaders/session.ts';
import type { Engine } from './engine.ts';

export const shaders: Engine = {
  name: 'shaders',
  summary: 'the train step fused into programs of its own for the GPU, through WebGPU',
  open: async (step) => openShadersSession(await openGpu(), step),
};
