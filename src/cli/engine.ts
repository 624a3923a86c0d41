import type { EngineChoice, EngineRequest, EngineSetup } from '../network/engine/choice.ts';
import { chooseEngine } from '../network/engine/select/choose.ts';
import { thisMachine, whyNot } from '../network/engine/select/look.ts';
import type { ProbeReply, ProbeRequest } from '../trial/probe-process.ts';
import { startProcess } from './process.ts';

/** What a study trains with on this machine: what is asked for, else the best that passes its self-test. */
export const chooseEngineHere = (request: EngineRequest): Promise<EngineChoice> => chooseEngine(request, probeHere);

export async function probeHere(setup: EngineSetup, quick: boolean): Promise<string | undefined> {
  return whyNot(setup, thisMachine()) ?? (await probeInProcess({ setup, quick }));
}

/** A GPU that has to compile its programs takes some seconds. */
const patienceMs = 180_000;

function probeInProcess(request: ProbeRequest): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = startProcess('../trial/probe-process', import.meta.url);
    const timer = setTimeout(() => {
      resolve(`it gave no answer within ${patienceMs / 1000} s.`);
      child.kill('SIGKILL');
    }, patienceMs);
    child.on('message', ({ reason }: ProbeReply) => resolve(reason));
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(`the process that tried it ended (${signal ?? `exit code ${code}`}).`);
    });
    child.send(request);
  });
}
