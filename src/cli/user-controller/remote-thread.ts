import { parentPort, workerData } from 'node:worker_threads';
import type { Controller } from '../../core/controller.ts';
import type { ModelSpec } from '../../network/models/index.ts';
import { guarded } from '../../search/controllers/guard.ts';
import { keyFunction, predictFunction } from '../compose.ts';
import { loadController } from '../controller.ts';
import { type Call, failureOf, type Opened, type OpenRequest, type Reply } from './messages.ts';

/** The thread in which a user's controller runs: answers one call after the other. */
const { file, model, data, space, goal, seed, logScale, times, doubt, port, replies } = workerData as OpenRequest;
let said: string[] = [];

const send = (to: { postMessage(message: Reply | Opened): void }, message: Omit<Reply, 'said'> | Omit<Opened, 'said'>) => {
  to.postMessage({ ...message, said });
  said = [];
};

/** What it prints becomes a message: printed, it would go through what is drawn on the screen. */
process.stdout.write = (text: string | Uint8Array) => {
  said.push(`${file}: ${String(text).trimEnd()}`);
  return true;
};

async function open(): Promise<Controller> {
  const definition = guarded(await loadController(file));
  const spec = model as unknown as ModelSpec;
  return definition.create({
    space,
    goal,
    seed,
    keyOf: keyFunction(spec, space),
    predict: predictFunction(spec, space, data, times),
    ...(logScale ? { logScale } : {}),
    ...(doubt ? { doubt } : {}),
    say: (message) => said.push(message),
  });
}

function answer(controller: Controller, { method, values }: Call): Omit<Reply, 'said'> {
  try {
    return { value: (controller[method] as (...values: readonly unknown[]) => unknown)(...values) };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

try {
  const controller = await open();
  port.on('message', (call: Call) => {
    send(port, answer(controller, call));
    Atomics.add(replies, 0, 1);
    Atomics.notify(replies, 0);
  });
  const { stateVersion } = controller;
  send(parentPort!, stateVersion === undefined ? {} : { stateVersion });
} catch (error) {
  send(parentPort!, { failure: failureOf(error) });
}
