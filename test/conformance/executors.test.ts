import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NasError } from '../../src/core/errors.ts';
import type { Executor } from '../../src/core/executor.ts';
import type { Json } from '../../src/core/json.ts';
import type { Progress } from '../../src/core/trial.ts';
import { createInlineExecutor, createReplayExecutor } from '../../src/executors/index.ts';
import type { TrialModule } from '../../src/trial/protocol.ts';
import { builtFrom } from '../executors/built.ts';
import { fixture, planOf, run, temporaryFolder, watch } from '../executors/harness.ts';
import { onCleanup } from '../fixtures/cleanup.ts';
import { recallBehaviour, recallPreparation } from '../fixtures/recorded-behaviours.ts';

/** Built: threads that first load a TypeScript loader start slowly. */
const importBuilt = (source: string) => import(builtFrom(new URL(`../../src/${source}`, import.meta.url)).href);
const { createPoolExecutor } = (await importBuilt('executors/index.ts')) as typeof import('../../src/executors/index.ts');
const built = (await importBuilt('core/errors.ts')) as typeof import('../../src/core/errors.ts');

const importFixture = async () => ((await import(fixture.href)) as { trialModule: TrialModule }).trialModule;

interface Settings {
  readonly setup: Json;
  readonly deadlineMs?: number;
}

interface Subject {
  readonly name: string;
  readonly create: (settings: Settings) => Executor;
  /** As its own code knows it. */
  readonly NasError: typeof NasError;
}

const executors: readonly Subject[] = [
  { name: 'inline', NasError, create: (settings) => createInlineExecutor({ ...settings, module: importFixture, planOf }) },
  {
    name: 'pool',
    NasError: built.NasError,
    create: (settings) => createPoolExecutor({ ...settings, module: builtFrom(fixture), planOf, slots: 2 }),
  },
  {
    name: 'replay',
    NasError,
    create: ({ setup, ...settings }) =>
      createReplayExecutor({
        ...settings,
        slots: 2,
        recall: recallBehaviour,
        prepare: (progress) => recallPreparation(setup, progress),
      }),
  },
];

describe.each(executors)('executor $name', ({ create, NasError }) => {
  const build = (prepare = 'well'): Executor => {
    const executor = create({ setup: { folder: temporaryFolder(), prepare } });
    onCleanup(() => executor.close());
    return executor;
  };

  it('opens with progress and facts, takes trials until it is closed, and closes twice', async () => {
    const executor = build();
    await expect(run(executor, 0, { do: 'succeed' })).rejects.toMatchObject({ code: 'EXECUTOR_CLOSED' });
    const progress: Progress[] = [];
    await expect(executor.open((entry) => progress.push(entry))).resolves.toEqual({ pid: expect.any(Number) });
    expect(progress.at(-1)).toEqual({ stage: 'prepare', done: 3, total: 3 });
    await executor.close();
    await executor.close();
    await expect(run(executor, 0, { do: 'succeed' })).rejects.toMatchObject({ code: 'EXECUTOR_CLOSED' });
  });

  it('rejects open with the error of the preparation', async () => {
    const error = await build('refuse')
      .open(() => {})
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(NasError);
    expect(error).toMatchObject({ code: 'DATA_MISSING', message: 'there is no data.', facts: { looked: ['here'] }, exitCode: 2 });
  });

  it('rejects open where the preparation has a bug', async () => {
    await expect(build('throw').open(() => {})).rejects.toThrow('unforeseen');
  });

  it('aborts what waits and what comes after a stop, even when paused', async () => {
    const executor = build();
    await executor.open(() => {});
    executor.pause();
    const waiting = [run(executor, 0, { do: 'succeed' }), run(executor, 1, { do: 'succeed' })];
    executor.stop();
    waiting.push(run(executor, 2, { do: 'succeed' }));
    expect((await Promise.all(waiting)).map(({ state }) => state)).toEqual(['aborted', 'aborted', 'aborted']);
  });

  describe('open', () => {
    let executor: Executor;
    const folder = mkdtempSync(join(tmpdir(), 'espalier-test-'));
    beforeAll(async () => {
      executor = create({ setup: { folder, prepare: 'well' }, deadlineMs: 1500 });
      await executor.open(() => {});
    });
    afterAll(async () => {
      await executor.close();
      rmSync(folder, { recursive: true });
    });

    it('runs more trials than slots, never more than slots at once, each on a slot of its own', async () => {
      const log: string[] = [];
      const trials = Array.from({ length: 7 }, async (_, trial) => {
        const watched = watch(executor, trial, { do: 'steps', steps: 3 }, (event) => log.push(event));
        const { state } = await watched.outcome;
        log.push(`end ${watched.starts[0]!.worker}`);
        return state;
      });
      expect(await Promise.all(trials)).toEqual(Array(7).fill('done'));
      expect(mostAtOnce(log)).toBe(executor.slots);
    });

    it('makes outcomes of errors, and goes on', async () => {
      expect(await run(executor, 0, { do: 'fail' })).toMatchObject({
        state: 'failed',
        code: 'TRIAL_ERROR',
        message: expect.stringContaining('RangeError: a bug in the trial'),
      });
      expect(await run(executor, 1, { do: 'refuse' })).toMatchObject({
        state: 'failed',
        code: 'DIVERGED',
        message: 'the loss is NaN at step 3.',
      });
      expect(await run(executor, 2, { do: 'notFinite' })).toMatchObject({
        state: 'failed',
        code: 'NOT_FINITE',
        message: expect.stringContaining('accuracy = NaN, size = Infinity'),
      });
      expect(await run(executor, 3, { do: 'succeed' })).toMatchObject({ state: 'done', metrics: { trial: 3, attempt: 0 } });
    });

    it('thins a flood of progress and keeps the end of it', async () => {
      const { outcome, progress } = watch(executor, 0, { do: 'flood' });
      expect((await outcome).state).toBe('done');
      expect(progress.length).toBeLessThan(200);
      expect(progress.at(-1)).toMatchObject({ done: 20_000, total: 20_000 });
    });

    it('fails a trial that is over its time, at its next step', async () => {
      expect(await run(executor, 0, { do: 'hang' })).toMatchObject({ state: 'failed', code: 'DEADLINE' });
    });

    it('ends one trial that is cancelled, and no other', async () => {
      const [first, second] = [watch(executor, 0, { do: 'steps', steps: 400 }), watch(executor, 1, { do: 'steps', steps: 3 })];
      executor.cancel(0);
      executor.cancel(77);
      expect(await first.outcome).toMatchObject({ state: 'aborted', reason: 'stopped' });
      expect((await second.outcome).state).toBe('done');
      expect((await run(executor, 0, { do: 'succeed' })).state).toBe('done');
    });

    it('ends a cancelled trial that is paused', async () => {
      const trial = watch(executor, 0, { do: 'steps', steps: 400 });
      executor.pause();
      executor.cancel(0);
      if (executor.slots === 1) executor.resume(); // a thread cannot be parked and told so at once
      expect((await trial.outcome).state).toBe('aborted');
      executor.resume();
    });

    it('starts no trial while paused', async () => {
      executor.pause();
      const trial = watch(executor, 0, { do: 'succeed' });
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(trial.starts).toEqual([]);
      executor.resume();
      expect((await trial.outcome).state).toBe('done');
    });
  });
});

/** Of a log of `start N`, `progress N`, `end N`; nothing may happen on a slot that is not taken, nor be taken twice. */
function mostAtOnce(log: readonly string[]): number {
  const busy = new Set<string>();
  let most = 0;
  for (const entry of log) {
    const [event, slot] = entry.split(' ') as [string, string];
    expect(busy.has(slot), log.join(', ')).toBe(event !== 'start');
    if (event === 'start') busy.add(slot);
    if (event === 'end') busy.delete(slot);
    most = Math.max(most, busy.size);
  }
  return most;
}
