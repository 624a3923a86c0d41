import { parentPort, workerData } from 'node:worker_threads';
import type { Controller, ControllerContext } from '../../core/controller.ts';
import { pick } from '../../core/errors.ts';
import type { ModelSpec } from '../../network/models/index.ts';
import { guarded } from '../../search/controllers/guard.ts';
import type { Space } from '../../search/space/space.ts';
import { benchProblems } from '../bench/problems.ts';
import { keyFunction, predictFunction } from '../compose.ts';
import { loadController, unfit } from '../controller.ts';
import { type Call, failureOf, type Opened, type OpenRequest, type Reply, type Subject } from './messages.ts';

/** The thread in which a user's controller runs: answers one call after the other. */
const { file, subject, space, goal, seed, logScale, doubt, port, replies } = workerData as OpenRequest;
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
  const reason = definition.refuse?.(space);
  if (reason !== undefined) throw unfit(file, reason);
  return definition.create({
    space,
    goal,
    seed,
    ...(subject.kind === 'network' ? ofNetwork(subject) : ofProblem(subject)),
    ...(logScale ? { logScale } : {}),
    ...(doubt ? { doubt } : {}),
    say: (message) => said.push(message),
  });
}

/** Functions do not pass from thread to thread: they are made here once more. */
type Known = Pick<ControllerContext<Space>, 'keyOf' | 'predict'>;

function ofNetwork({ model, data, times }: Extract<Subject, { kind: 'network' }>): Known {
  const spec = model as unknown as ModelSpec;
  const names = [...goal.objectives, ...goal.constraints].map(({ metric }) => metric);
  return { keyOf: keyFunction(spec, space), predict: predictFunction(spec, space, data, { times, names }) };
}

function ofProblem({ name }: Extract<Subject, { kind: 'problem' }>): Known {
  const { keyOf, predict } = pick('problem', benchProblems, name).create();
  return { keyOf, ...(predict ? { predict } : {}) };
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
