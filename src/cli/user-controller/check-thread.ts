import { parentPort, workerData } from 'node:worker_threads';
import type { ModelSpec } from '../../network/models/index.ts';
import { type CheckSubject, checkController, madeUpResults } from '../../search/controllers/check.ts';
import { keyFunction, predictFunction } from '../compose.ts';
import { loadController, unfit } from '../controller.ts';
import { baselineCandidate } from '../meaning.ts';
import { logScale } from '../picking.ts';
import type { CheckJob, CheckResult } from './check.ts';
import { failureOf } from './messages.ts';

/** Long enough for a controller to have learned from results and failures, and to be restored in between. */
const trials = 24;

/** Before any data are read. */
const standIn = {
  shape: [1, 32, 32],
  classes: Array.from({ length: 10 }, String),
  normalization: { mean: [0], std: [1] },
} as const;

/** All that `create` is given in a search, apart from the seed. Bounds on what is foreseen are left out: they are meant for other data. */
function contextOf({ model, space, goal }: CheckJob): CheckSubject['context'] {
  const spec = model as unknown as ModelSpec;
  const names = [...goal.objectives, ...goal.constraints].map(({ metric }) => metric);
  const predict = predictFunction(spec, space, standIn, { names });
  const foreseen = new Set(Object.keys(predict(baselineCandidate) ?? {}));
  const constraints = goal.constraints.filter(({ metric }) => !foreseen.has(metric));
  const keyOf = keyFunction(spec, space);
  return { space, goal: { ...goal, constraints }, keyOf, predict, logScale, say: () => undefined };
}

/** What it prints is for people: stdout may be read by a program. */
process.stdout.write = (text: string | Uint8Array) => process.stderr.write(text);

/** The thread in which a user's controller is tried out, so that one that never answers can be ended. */
async function run(job: CheckJob): Promise<CheckResult> {
  const { file } = job;
  try {
    const definition = await loadController(file);
    const reason = definition.refuse?.(job.space);
    if (reason !== undefined) throw unfit(file, reason);
    const context = contextOf(job);
    checkController(definition, { context, measure: madeUpResults(context), trials });
    return {};
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

parentPort!.postMessage(await run(workerData as CheckJob));
