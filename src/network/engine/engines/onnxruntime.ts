import { encode } from '../../ir/bytes/encode.ts';
import { fingerprint } from '../../ir/fingerprint.ts';
import type { Graph } from '../../ir/graph.ts';
import { openCarrying } from '../carrying.ts';
import { lower } from '../lowering/index.ts';
import { openSession } from '../session.ts';
import type { Engine } from './engine.ts';

export const onnxruntime: Engine = {
  name: 'onnxruntime',
  summary: 'a whole train step as one ONNX model, one session run per step',
  async open(step, { device, lowering, threads }) {
    const bytes = loweredBytes(step, lowering);
    if (device === 'webgpu') return openCarrying(step, bytes, { device, threads });
    return openSession(bytes, { device, threads, asWritten: device === 'cpu' });
  },
};

/** Trials that differ only in what they feed, and parts of one training, have the same step: the last few are kept, a few 100 kB each. */
const kept = new Map<string, Uint8Array>();
const mostKept = 8;

function loweredBytes(step: Graph, lowering: string): Uint8Array {
  const key = `${lowering} ${fingerprint(step)}`;
  const bytes = kept.get(key) ?? encode(lower(step, lowering));
  kept.delete(key);
  kept.set(key, bytes);
  if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
  return bytes;
}
