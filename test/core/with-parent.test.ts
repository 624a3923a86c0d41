import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { entryBeside } from '../../src/executors/pool/entry.ts';
import { onCleanup } from '../fixtures/cleanup.ts';

const here = new URL('../../src/here.ts', import.meta.url).href;
const setup = { engine: 'onnxruntime', device: 'cpu', lowering: 'portable' };

/** Its channel closes when it is disconnected here, as when this process were killed. */
function start(name: string, request: object): { child: ChildProcess; printed: () => string } {
  const { path, execArgv } = entryBeside(`./${name}-process`, here);
  const child = fork(path, { execArgv: [...execArgv], serialization: 'advanced', stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  onCleanup(() => child.kill('SIGKILL'));
  let printed = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.send(request);
  return { child, printed: () => printed };
}

const killed = [null, 'SIGKILL'];

it('a process that computes for a parent that is killed ends at once, and prints nothing', async () => {
  const { child, printed } = start('trial/speed', { setup, seconds: 20 });
  expect(await once(child, 'message')).toMatchObject([{ type: 'progress' }, undefined]);
  child.disconnect();
  expect(await once(child, 'exit')).toEqual(killed);
  expect(printed()).toBe('');
}, 60_000);

it.each([
  ['trial/remeasure', { model: '/nowhere/model.onnx', setup: {} }],
  ['trial/probe', { setup, quick: false }],
  ['trial/speed', { setup, seconds: 20 }],
  ['device/timing', {}],
])(
  'the %s process ends with a parent that is killed before it has begun',
  async (name, request) => {
    const { child, printed } = start(name, request);
    child.disconnect();
    expect(await once(child, 'exit')).toEqual(killed);
    expect(printed()).toBe('');
  },
  60_000,
);
