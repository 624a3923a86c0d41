import { exitCodes, NasError } from '../core/errors.ts';
import type { Progress } from '../core/trial.ts';
import type { FurtherRequest, FurtherResult, RemeasureReply, RemeasureRequest, RemeasureResult } from '../trial/remeasure.ts';
import { startProcess } from './process.ts';

type Say = (progress: Progress) => void;

/** Runs the measuring process to its end. Throws the NasError that it met, or REMEASURE_DIED. */
export const remeasureInProcess = (request: RemeasureRequest, onProgress: Say): Promise<RemeasureResult> =>
  inProcess(request, onProgress) as Promise<RemeasureResult>;

/** The same for a model in another format. */
export const remeasureFurtherInProcess = (request: FurtherRequest, onProgress: Say): Promise<FurtherResult> =>
  inProcess(request, onProgress) as Promise<FurtherResult>;

function inProcess(request: RemeasureRequest | FurtherRequest, onProgress: Say): Promise<RemeasureResult | FurtherResult> {
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
