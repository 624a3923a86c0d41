import { loadTensorflow } from '../tensorflow/package.ts';
import { openTensorflowSession } from '../tensorflow/session.ts';
import type { Engine } from './engine.ts';

export const tensorflow: Engine = {
  name: 'tensorflow',
  summary: 'the same train step, op by op, on TensorFlow.js for Node',
  open: async (step, { device }) => openTensorflowSession(await loadTensorflow(device), step),
};
