import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createPool, isAlive, openPool, run, until, watch } from './harness.ts';

/** Real processes, real threads, real crashes, on the code as it is built. */
describe('pool executor: shared data and processes', () => {
  it('prepares once, hands the result to every thread by reference, and keeps the output off the terminal', async () => {
    const { executor, facts, folder } = await openPool();
    expect(facts.pid).not.toBe(process.pid);
    await Promise.all([
      run(executor, 0, { do: 'block', ms: 50 }),
      run(executor, 1, { do: 'block', ms: 50 }),
      run(executor, 2, { do: 'talk' }),
    ]);
    expect(await run(executor, 3, { do: 'succeed' })).toMatchObject({ metrics: { ran: 4, pid: facts.pid } });
    expect(readFileSync(`${folder}/prepared`, 'utf8')).toBe('x');
    await executor.close();
    expect(isAlive(facts.pid)).toBe(false);
  });
});

describe('pool executor: crashes', () => {
  it('starts the host again and runs its trials again, at the next attempt', async () => {
    const { executor, facts, folder, warnings } = await openPool();
    const crashing = watch(executor, 0, { do: 'abortOnce' });
    const neighbour = watch(executor, 1, { do: 'steps', steps: 20 });
    expect(await crashing.outcome).toMatchObject({ state: 'done', metrics: { attempt: 1 } });
    expect((await neighbour.outcome).state).toBe('done');
    expect(crashing.starts.map(({ attempt }) => attempt)).toEqual([0, 1]);
    expect(isAlive(facts.pid)).toBe(false);
    expect(readFileSync(`${folder}/prepared`, 'utf8')).toBe('xx');
    expect(warnings).toEqual([expect.stringMatching(/SIGABRT/)]);
  });

  it('gives up on a trial whose host died twice, with the reason, and lets its neighbours finish', async () => {
    const { executor } = await openPool();
    const [culprit, neighbour, next] = await Promise.all([
      run(executor, 0, { do: 'abort' }),
      run(executor, 1, { do: 'steps', steps: 20 }),
      run(executor, 2, { do: 'succeed' }),
    ]);
    expect(culprit).toMatchObject({ state: 'failed', code: 'HOST_CRASHED', message: expect.stringContaining('SIGABRT') });
    expect(neighbour.state).toBe('done');
    expect(next.state).toBe('done');
  });

  it('survives threads that end, also inside the lane, without losing the host', async () => {
    const { executor, facts } = await openPool();
    const [first, second] = await Promise.all([
      run(executor, 0, { do: 'exitInLane' }),
      run(executor, 1, { do: 'share', rounds: 3 }),
    ]);
    expect(first).toMatchObject({ state: 'failed', code: 'HOST_CRASHED', message: expect.stringContaining('code: 3') });
    expect(second).toMatchObject({ state: 'done', metrics: { company: 0, noisy: 0 } });
    expect(await run(executor, 2, { do: 'succeed' })).toMatchObject({ metrics: { pid: facts.pid } });
  });

  it('gives the search up where nothing but crashes comes', async () => {
    const { executor } = await openPool({ slots: 1 });
    const crashing = [0, 1, 2, 3, 4].map((trial) => run(executor, trial, { do: 'exit' }).catch((error: unknown) => error));
    const ends = await Promise.all(crashing);
    expect(ends[0]).toMatchObject({ state: 'failed', code: 'HOST_CRASHED' });
    expect(ends[4]).toMatchObject({
      name: 'NasError',
      code: 'HOST_CRASHED',
      exitCode: 1,
      message: expect.stringContaining('8 crashes in a row'),
    });
    await expect(run(executor, 8, { do: 'succeed' })).rejects.toMatchObject({ code: 'HOST_CRASHED' });
  });

  it('goes on through a row of bad candidates where others were good', { timeout: 30_000 }, async () => {
    const { executor } = await openPool({ slots: 1 });
    expect((await run(executor, 0, { do: 'succeed' })).state).toBe('done');
    const ends = await Promise.all([1, 2, 3, 4, 5].map((trial) => run(executor, trial, { do: 'exit' })));
    expect(ends.map((end) => end.state === 'failed' && end.code)).toEqual(Array(5).fill('HOST_CRASHED'));
    expect((await run(executor, 6, { do: 'succeed' })).state).toBe('done');
  });

  it.each(['exhaustHeap', 'exhaustMemory'])('fails what takes too much memory (%s), and goes on', async (behaviour) => {
    const { executor } = await openPool({ slots: 1, maxRssMb: 200 });
    const [greedy, next] = await Promise.all([run(executor, 0, { do: behaviour }), run(executor, 1, { do: 'succeed' })]);
    expect(greedy).toMatchObject({ state: 'failed', code: 'OUT_OF_MEMORY', message: expect.stringMatching(/memory|of 200 MB/) });
    expect(next.state).toBe('done');
  });

  it('asks for what is kept between trials before it ends a host for its memory', async () => {
    const { executor, warnings } = await openPool({ slots: 1, maxRssMb: 400 });
    expect(await run(executor, 0, { do: 'fillCache', mb: 300 })).toMatchObject({ state: 'done', metrics: { attempt: 0 } });
    expect(warnings).toEqual([]);
  });

  it('does not blame trials or workers for memory that the preparation took', async () => {
    const executor = await createPool({ slots: 1, prepare: 'wait', maxRssMb: 30 });
    const message = expect.stringMatching(/of 30 MB before any trial\. More memory or smaller batches help/);
    await expect(executor.open(() => {})).rejects.toMatchObject({ code: 'OUT_OF_MEMORY', exitCode: 1, message });
  });

  it('prepares again in a new host where the first did not survive it', async () => {
    const { executor, folder, warnings } = await openPool({ slots: 1, prepare: 'abortOnce' });
    expect(await run(executor, 0, { do: 'succeed' })).toMatchObject({ state: 'done' });
    expect(readFileSync(`${folder}/prepared`, 'utf8')).toBe('xx');
    expect(warnings).toEqual([expect.stringContaining('It was preparing; it is started again.')]);
  });

  it('can be stopped while no host lives', async () => {
    const executor = await createPool({ slots: 1, prepare: 'abort', warn: () => executor.stop() });
    await expect(executor.open(() => {})).rejects.toMatchObject({ code: 'STOPPED', exitCode: 130 });
  });

  it('rejects open where no host survives the preparation, with its last words', async () => {
    const executor = await createPool({ slots: 1, prepare: 'abort' });
    await expect(executor.open(() => {})).rejects.toMatchObject({
      code: 'HOST_CRASHED',
      exitCode: 1,
      message: expect.stringContaining('last words of the preparation'),
    });
  });
});

describe('pool executor: time', () => {
  it('kills the host for a trial that ignores its deadline, and spares the others', async () => {
    const { executor } = await openPool({ deadlineMs: 1000, graceMs: 200 });
    const rude = watch(executor, 0, { do: 'hangRudely' });
    const polite = watch(executor, 1, { do: 'steps', steps: 100 });
    expect(await rude.outcome).toMatchObject({ state: 'failed', code: 'DEADLINE' });
    expect(rude.starts).toHaveLength(1);
    expect((await polite.outcome).state).toBe('done');
  });

  it('kills the host for a trial that comes to no step, without a deadline too, and spares the others', async () => {
    const { executor } = await openPool({ stallMs: 600 });
    const [rude, polite] = await Promise.all([
      run(executor, 0, { do: 'hangRudely' }),
      run(executor, 1, { do: 'steps', steps: 400 }),
    ]);
    expect(rude).toMatchObject({ state: 'failed', code: 'STUCK', message: expect.stringContaining('no step for 0.01 min') });
    expect(polite.state).toBe('done');
  });

  it('does not count the time in which the host is suspended', async () => {
    const { executor, facts } = await openPool({ slots: 1, deadlineMs: 2500, stallMs: 2500 });
    const trial = watch(executor, 0, { do: 'steps', steps: 150 });
    await trial.moving;
    process.kill(facts.pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    process.kill(facts.pid, 'SIGCONT');
    expect((await trial.outcome).state).toBe('done');
  });

  it('parks trials while paused, without counting that against their deadline, and with the lane free of deadlock', async () => {
    const { executor } = await openPool({ deadlineMs: 1500 });
    const trials = [watch(executor, 0, { do: 'steps', steps: 150 }), watch(executor, 1, { do: 'share', rounds: 5 })];
    await trials[0]!.moving;
    executor.pause();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const ended = await Promise.race([trials[0]!.outcome.then(() => true), Promise.resolve(false)]);
    expect(ended).toBe(false);
    executor.resume();
    expect((await Promise.all(trials.map(({ outcome }) => outcome))).map(({ state }) => state)).toEqual(['done', 'done']);
  });

  it('stops trials at their next step, parked and in the lane or not', async () => {
    const { executor } = await openPool({ slots: 3 });
    const trials = ['hang', 'hangInLane', 'hangInLane'].map((behaviour, trial) => watch(executor, trial, { do: behaviour }));
    await Promise.race(trials.map(({ moving }) => moving));
    executor.stop();
    const outcomes = await Promise.all(trials.map(({ outcome }) => outcome));
    expect(outcomes.map(({ state }) => state)).toEqual(['aborted', 'aborted', 'aborted']);
  });

  it('stops what reaches no step by ending the host, and closes', async () => {
    const { executor, facts } = await openPool({ slots: 1, graceMs: 200 });
    const rude = watch(executor, 0, { do: 'hangRudely' });
    await rude.moving;
    const closed = executor.close();
    expect(await rude.outcome).toMatchObject({ state: 'aborted' });
    await closed;
    expect(isAlive(facts.pid)).toBe(false);
  });

  it('stops a preparation', async () => {
    const executor = await createPool({ slots: 1, prepare: 'wait' });
    const opening = new Promise<unknown>((resolve) => {
      void executor.open(() => executor.stop()).catch(resolve);
    });
    expect(await opening).toMatchObject({ code: 'STOPPED', exitCode: 130 });
    await executor.close();
  });
});

describe('pool executor: the exclusive lane', () => {
  it('lets one trial at a time be alone, with no step of another under way', async () => {
    const { executor, warnings } = await openPool({ slots: 3 });
    const trials = [0, 1, 2, 3].map((trial) => run(executor, trial, { do: 'share', rounds: 8 }));
    for (const outcome of await Promise.all(trials))
      expect(outcome).toMatchObject({ state: 'done', metrics: { company: 0, noisy: 0 } });
    expect(warnings).toEqual([]);
  });

  it('does not wait for ever for a trial without steps, and says so', async () => {
    const { executor, folder, warnings } = await openPool({ laneWaitMs: 50 });
    const blocking = watch(executor, 0, { do: 'blockUntilGo' });
    await blocking.moving;
    expect(await run(executor, 1, { do: 'share', rounds: 1 })).toMatchObject({ state: 'done', metrics: { noisy: 1 } });
    await until(() => warnings.length > 0);
    expect(warnings[0]).toContain('reached no step in time');
    writeFileSync(`${folder}/go`, '');
    expect((await blocking.outcome).state).toBe('done');
  });
});

describe('pool executor: the GPU', () => {
  it('has one trial at a time, also beside the exclusive lane', async () => {
    const { executor } = await openPool({ slots: 3 });
    const trials = [0, 1, 2, 3].map((trial) => run(executor, trial, { do: 'takeTurns', rounds: 8 }));
    for (const outcome of await Promise.all(trials)) expect(outcome).toMatchObject({ state: 'done', metrics: { company: 0 } });
  });

  it('is free again when the trial that has it is stopped, and a trial that waits for it can be', async () => {
    const { executor } = await openPool({ slots: 3, deadlineMs: 60_000 });
    const staying = watch(executor, 0, { do: 'stayOnGpu' });
    await staying.moving;
    const [waiting, other] = [1, 2].map((trial) => watch(executor, trial, { do: 'takeTurns', rounds: 1 }));
    await until(() => other!.starts.length > 0);
    executor.cancel(1);
    expect(await waiting!.outcome).toMatchObject({ state: 'aborted' });
    executor.cancel(0);
    expect(await staying.outcome).toMatchObject({ state: 'aborted' });
    expect(await other!.outcome).toMatchObject({ state: 'done' });
  });
});
