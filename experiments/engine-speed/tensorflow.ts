import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Net } from './net.ts';

/** Milliseconds per image of a step in TensorFlow.js, the shortest of few. */
export interface TensorflowTime {
  readonly who: string;
  readonly batch: number;
  readonly msPerImage: number;
}

/** In pure JavaScript, on very few images; natively where TensorFlow's package is there (`nas engine install tensorflow`). */
export async function measureTensorflow(net: Net): Promise<readonly TensorflowTime[]> {
  const pure = await timed('TensorFlow.js in JavaScript', 'javascript', { ...net, batch: 2 }, 1);
  const native = await timed('TensorFlow.js on TensorFlow', 'native', net, 6);
  return [pure, native].flatMap((time) => time ?? []);
}

const script = fileURLToPath(new URL('./tensorflow-process.ts', import.meta.url));

async function timed(who: string, kind: string, net: Net, steps: number): Promise<TensorflowTime | undefined> {
  const flags = ['--import', 'tsx', script, JSON.stringify([kind, net, steps])];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { maxBuffer: 1 << 26 });
  const msPerImage = JSON.parse(stdout.slice(stdout.lastIndexOf('\n') + 1)) as number | null;
  return msPerImage === null ? undefined : { who, batch: net.batch, msPerImage };
}
