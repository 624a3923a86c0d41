import { NasError } from '../core/errors.ts';
import { describeSetup, type EngineChoice, type EngineRequest, type EngineSetup } from '../network/engine/choice.ts';
import { chooseEngine } from '../network/engine/select/choose.ts';
import { thisMachine, whyNot } from '../network/engine/select/look.ts';
import type { ProbeReply, ProbeRequest } from '../trial/probe-process.ts';
import { startProcess } from './process.ts';

/**
 * What a study trains with on this machine: what is asked for, else the best that passes its self-test. The reasons are
 * those of setups that were tried; what a look rules out (`nas doctor` lists it) goes without saying.
 */
export async function chooseEngineHere(request: EngineRequest): Promise<EngineChoice> {
  const tried: string[] = [];
  const choice = await chooseEngine(request, async (setup, quick) => {
    const absent = whyNot(setup, thisMachine());
    if (absent !== undefined) return absent;
    const reason = await probeInProcess({ setup, quick });
    if (reason !== undefined) tried.push(`${describeSetup(setup)}: ${reason}`);
    return reason;
  });
  return { ...choice, reasons: tried };
}

export async function probeHere(setup: EngineSetup, quick: boolean): Promise<string | undefined> {
  return whyNot(setup, thisMachine()) ?? (await probeInProcess({ setup, quick }));
}

/** A study goes on with what it was started with, or not at all: its trials could not be compared. */
export async function engineOfStudy(study: string, setup: EngineSetup): Promise<EngineChoice> {
  try {
    return await chooseEngineHere(setup);
  } catch (error) {
    if (!(error instanceof NasError)) throw error;
    const message = `study "${study}" was started with ${describeSetup(setup)}. ${error.message}\nGive another --study NAME to start a new one.`;
    throw new NasError(error.code, message, { facts: { ...error.facts, study } });
  }
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
