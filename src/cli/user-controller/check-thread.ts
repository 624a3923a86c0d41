import { parentPort, workerData } from 'node:worker_threads';
import type { ModelSpec } from '../../network/models/index.ts';
import { checkController, madeUpResults } from '../../search/controllers/check.ts';
import { keyFunction } from '../compose.ts';
import { loadController, unfit } from '../controller.ts';
import type { CheckJob, CheckResult } from './check.ts';
import { failureOf } from './messages.ts';

/** Long enough for a controller to have learned from results and failures, and to be restored in between. */
const trials = 24;

/** What it prints is for people: stdout may be read by a program. */
process.stdout.write = (text: string | Uint8Array) => process.stderr.write(text);

/** The thread in which a user's controller is tried out, so that one that never answers can be ended. */
async function run({ file, model, space, goal }: CheckJob): Promise<CheckResult> {
  const context = { space, goal, keyOf: keyFunction(model as unknown as ModelSpec, space) };
  try {
    const definition = await loadController(file);
    const reason = definition.refuse?.(space);
    if (reason !== undefined) throw unfit(file, reason);
    checkController(definition, { context, measure: madeUpResults(context), trials });
    return {};
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

parentPort!.postMessage(await run(workerData as CheckJob));
