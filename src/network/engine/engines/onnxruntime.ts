import { encode } from '../../ir/bytes/encode.ts';
import { lower } from '../lowering/index.ts';
import { openSession } from '../session.ts';
import type { Engine } from './engine.ts';

export const onnxruntime: Engine = {
  name: 'onnxruntime',
  summary: 'a whole train step as one ONNX model, one session run per step',
  open: (step, { device, lowering, threads }) => openSession(encode(lower(step, lowering)), { device, threads }),
};
