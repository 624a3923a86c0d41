import { exitCodes } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { createPoolExecutor } from '../../executors/index.ts';
import { openStore } from '../../store/index.ts';
import { chooseEngineHere } from '../engine.ts';
import { leaseStudy } from '../lease.ts';
import { meaningOf } from '../meaning.ts';
import type { StudyOptions } from '../options.ts';
import { note, print } from '../output.ts';
import { replicate } from '../replication.ts';
import { defaultMemoryMb, setupOf } from '../setup.ts';
import { onInterrupt } from '../signals.ts';
import { chooseStudy, engineOf, factsOf } from '../study-facts.ts';
import { defaultWorkers } from '../workers.ts';
import { front } from './front.ts';

interface ReplicateFlags extends StudyOptions {
  readonly seeds: number;
  readonly trials?: readonly number[];
  readonly workers?: number;
  readonly json?: boolean;
}

/** `nas replicate`: trains and measures the front again with other seeds. Returns the exit code. */
export async function replicateFront(flags: ReplicateFlags): Promise<number> {
  // A reader first: a missing file must not be made.
  openStore(flags.db, { mode: 'read' }).close();
  const store = openStore(flags.db, { mode: 'write' });
  try {
    const record = chooseStudy(store, flags);
    leaseStudy(store, record.name, flags.db);
    const engine = await chooseEngineHere(engineOf(record));
    const slots = flags.workers ?? defaultWorkers(engine);
    const executor = createPoolExecutor({
      slots,
      setup: setupOf(record, engine, flags.db, slots) as unknown as Json,
      planOf: meaningOf(factsOf(record).space).plan,
      maxRssMb: defaultMemoryMb(),
      warn: note,
    });
    const interrupts = onInterrupt({ first: () => executor.stop(), second: () => process.exit(exitCodes.interrupted) });
    const say = flags.json ? note : print;
    try {
      await executor.open(() => undefined);
      const { db, seeds, trials } = flags;
      const missing = await replicate({ store, record, db, executor, seeds, trials, say, onEvent: () => undefined });
      if (missing > 0) {
        note(`Stopped; ${missing} are missing. The same command goes on.`);
        return exitCodes.interrupted;
      }
    } finally {
      interrupts.dispose();
      await executor.close();
    }
  } finally {
    store.close();
  }
  front(flags);
  return exitCodes.ok;
}
