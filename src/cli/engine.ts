import type { EngineChoice, EngineRequest, EngineSetup } from '../network/engine/choice.ts';
import { chooseEngine } from '../network/engine/select/choose.ts';
import { startProcess } from './process.ts';

/** What a study trains with on this machine: what is asked for, else the best that passes its self-test. */
export const chooseEngineHere = (request: EngineRequest): Promise<EngineChoice> => chooseEngine(request, probeInProcess);

const patienceMs = 120_000;

function probeInProcess(setup: EngineSetup): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = startProcess('../trial/probe-process', import.meta.url);
    const timer = setTimeout(() => {
      resolve(`it gave no answer within ${patienceMs / 1000} s.`);
      child.kill('SIGKILL');
    }, patienceMs);
    child.on('message', ({ reason }: { readonly reason?: string }) => resolve(reason));
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(`the process that tried it ended (${signal ?? `exit code ${code}`}).`);
    });
    child.send(setup);
  });
}
