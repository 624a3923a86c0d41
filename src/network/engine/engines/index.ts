/** What trains. Add one: a file with its Engine, a line here, its setups in select/candidates.ts. */
import { pick } from '../../../core/errors.ts';
import { fingerprint } from '../../ir/fingerprint.ts';
import type { Graph } from '../../ir/graph.ts';
import type { EngineSetup } from '../choice.ts';
import type { Session } from '../session.ts';
import type { Engine } from './engine.ts';
import { keepSession, takeSession } from './kept.ts';
import { onnxruntime } from './onnxruntime.ts';
import { shaders } from './shaders.ts';
import { tensorflow } from './tensorflow.ts';

export const engines: readonly Engine[] = [onnxruntime, shaders, tensorflow];

/** Opens a train step on the engine that was chosen, gives it to `work`, and releases it however `work` ends. */
export async function withStep<T>(
  step: Graph,
  setup: EngineSetup,
  { threads = 1 }: { readonly threads?: number },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openStep(step, setup, threads);
  try {
    return await work(session);
  } finally {
    await session.release();
  }
}

/** The same with a session that may be left over from the last training of an equal step, and is left to the next one. */
export async function withKeptStep<T>(
  step: Graph,
  setup: EngineSetup,
  { threads = 1 }: { readonly threads?: number },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { engine, device, lowering } = setup;
  const key = [engine, device, lowering, threads, fingerprint(step)].join(' ');
  const session = await takeSession(key, () => openStep(step, setup, threads));
  let result: T;
  try {
    result = await work(session);
  } catch (error) {
    await session.release();
    throw error;
  }
  await keepSession(key, session);
  return result;
}

const openStep = (step: Graph, { engine, device, lowering }: EngineSetup, threads: number): Promise<Session> =>
  pick('engine', engines, engine).open(step, { device, lowering, threads });
