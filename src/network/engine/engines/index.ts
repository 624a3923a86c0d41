/** What trains. Add one: a file with its Engine, a line here, its setups in select/candidates.ts. */
import { pick } from '../../../core/errors.ts';
import type { Graph } from '../../ir/graph.ts';
import type { EngineSetup } from '../choice.ts';
import type { Session } from '../session.ts';
import type { Engine } from './engine.ts';
import { onnxruntime } from './onnxruntime.ts';
import { tensorflow } from './tensorflow.ts';

export const engines: readonly Engine[] = [onnxruntime, tensorflow];

/** Opens a train step on the engine that was chosen, gives it to `work`, and releases it however `work` ends. */
export async function withStep<T>(
  step: Graph,
  { engine, device, lowering }: EngineSetup,
  { threads = 1 }: { readonly threads?: number },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await pick('engine', engines, engine).open(step, { device, lowering, threads });
  try {
    return await work(session);
  } finally {
    await session.release();
  }
}
