import { exitCodes, NasError } from '../core/errors.ts';
import type { Progress } from '../core/trial.ts';
import type { RemeasureReply, RemeasureRequest, RemeasureResult } from '../trial/remeasure.ts';
import { startProcess } from './process.ts';

/** Runs the measuring process to its end. Throws the NasError that it met, or REMEASURE_DIED. */
export function remeasureInProcess(
  request: RemeasureRequest,
  onProgress: (progress: Progress) => void,
): Promise<RemeasureResult> {
  const child = startProcess('../trial/remeasure-process', import.meta.url, 'inherit');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => reject(died(code, signal)));
    child.on('message', (reply: RemeasureReply) => {
      if (reply.type === 'progress') onProgress(reply.progress);
      else if (reply.type === 'done') resolve(reply.result);
      else reject(new NasError(reply.code, reply.message, { exitCode: exitCodes.failure }));
    });
    child.send(request);
  });
}

const died = (code: number | null, signal: string | null) =>
  new NasError('REMEASURE_DIED', `the measuring process ended (${signal ?? `exit code ${code}`}) without a result.`, {
    exitCode: exitCodes.failure,
  });
