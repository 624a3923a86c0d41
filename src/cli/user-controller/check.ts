import { Worker } from 'node:worker_threads';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { Goal } from '../../core/objective.ts';
import { ended } from '../../core/words.ts';
import { entryBeside } from '../../executors/pool/entry.ts';
import type { Space } from '../../search/space/space.ts';
import { note } from '../output.ts';
import type { Failure } from './messages.ts';

/** What the checking thread is told, and what it answers. Plain data. */
export interface CheckJob {
  readonly file: string;
  readonly model: Json;
  readonly space: Space;
  readonly goal: Goal;
}

export interface CheckResult {
  readonly failure?: Failure;
}

const defaultSeconds = 60;
/** One that answers at once is through by then. */
const patienceMs = 2000;

/**
 * Tries out a user's controller on the space of a study with made-up results, in a thread of its own, before anything of
 * the study starts: the checks are those that our own controllers have to pass. Says on standard error what it waits for.
 * Throws NasError: CONTROLLER_FILE, CONTROLLER_SPACE, CONTROLLER_BROKEN, CONTROLLER_THROWS, CONTROLLER_ANSWER, CONTROLLER_HANGS.
 */
export async function checkControllerFile(job: CheckJob, seconds = defaultSeconds): Promise<void> {
  const entry = entryBeside('./check-thread', import.meta.url);
  const worker = new Worker(entry.path, { workerData: job, execArgv: [...entry.execArgv] });
  const waiting = setTimeout(() => note(`Trying out controller ${job.file} first, for at most ${seconds} s …`), patienceMs);
  let timer: NodeJS.Timeout | undefined;
  try {
    const { failure } = await new Promise<CheckResult>((resolve, reject) => {
      timer = setTimeout(() => reject(hangs(job.file, seconds)), seconds * 1000);
      worker.once('message', resolve);
      worker.once('error', (error) => reject(stopped(job.file, error.message)));
      worker.once('exit', () => reject(stopped(job.file, 'it ended its thread')));
    });
    if (failure) throw new NasError(failure.code, failure.message, { facts: failure.facts, exitCode: exitCodes.badInput });
  } finally {
    clearTimeout(waiting);
    clearTimeout(timer);
    await worker.terminate();
  }
}

const hangs = (file: string, seconds: number) =>
  new NasError(
    'CONTROLLER_HANGS',
    `controller "${file}" was not through its checks after ${seconds} s. ask, tell, save and restore must answer at once.`,
    {
      facts: { file, seconds },
    },
  );

const stopped = (file: string, reason: string) =>
  new NasError('CONTROLLER_THROWS', `controller "${file}" failed its checks: ${ended(reason)}`, { facts: { file, reason } });
