import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../src/core/candidate.ts';
import { readStudy } from '../../../src/store/index.ts';
import { problem, simulate } from './simulated-study.ts';

const origins = (store: ReturnType<typeof simulate>['store']) => readStudy(store, 'study').trials.map(({ origin }) => origin);
const uniform = (keep: number, bits: number): Candidate =>
  Object.fromEntries(
    problem.space.parameters.map(({ name }) => [name, { keep, bits, importance: 'l1' }[name.split('.')[1] as 'keep']!]),
  );
const given = [uniform(0.5, 8), uniform(0.75, 4)].map((candidate) => ({ candidate, origin: 'enqueued' }));

describe('queued trials', () => {
  it('come before what the controller proposes, once, in a resumed study too', async () => {
    const first = simulate({ trials: 6 });
    await first.handle.done;
    const second = simulate({ store: first.store, trials: 10, enqueue: given });
    await second.handle.done;
    expect(origins(first.store).slice(6, 8)).toEqual(['enqueued', 'enqueued']);
    const third = simulate({ store: first.store, trials: 14, enqueue: given });
    await third.handle.done;
    expect(origins(first.store).filter((origin) => origin === 'enqueued')).toHaveLength(2);
    const queued = [...first.store.events('study')].filter(({ type }) => type === 'queued');
    expect(queued).toHaveLength(1);
  });

  it('wait for a session that has room for them', async () => {
    const first = simulate({ trials: 2, enqueue: given });
    await first.handle.done;
    expect(origins(first.store)).not.toContain('enqueued');
    const second = simulate({ store: first.store, trials: 8 });
    await second.handle.done;
    expect(origins(first.store).slice(2)).toContain('enqueued');
  });
});

describe('candidates that are known to miss a constraint', () => {
  const smallOnly = (candidate: Candidate) => (problem.measure(candidate)['size']! > 30_000 ? 'too large' : undefined);

  it('are never run; the dense network is', async () => {
    const study = simulate({ trials: 40, refuse: smallOnly });
    await study.handle.done;
    const { trials } = readStudy(study.store, 'study');
    expect(trials[0]!.state).toBe('done');
    const refused = trials.slice(1).filter(({ candidate }) => smallOnly(candidate) !== undefined);
    expect(refused.length).toBeGreaterThan(0);
    for (const trial of refused) expect(trial).toMatchObject({ state: 'failed', code: 'INFEASIBLE', seconds: 0 });
    const started = [...study.store.events('study')].flatMap((event) => (event.type === 'started' ? [event.trial] : []));
    for (const { number } of refused) expect(started).not.toContain(number);
  });

  it('do not end a study where a user gave them, however many', async () => {
    const keeps = [0.25, 0.5, 0.75];
    const many = keeps.flatMap((first) =>
      keeps.flatMap((second) =>
        keeps.map((third) => ({
          candidate: { ...problem.baseline, 'layer0/prune.keep': first, 'layer1/prune.keep': second, 'layer2/prune.keep': third },
          origin: 'enqueued',
        })),
      ),
    );
    const refused = new Set(many.map(({ candidate }) => problem.keyOf(candidate)));
    const refuse = (candidate: Candidate) => (refused.has(problem.keyOf(candidate)) ? 'too large' : undefined);
    const study = simulate({ trials: 40, enqueue: many, refuse });
    expect(await study.handle.done).toMatchObject({ reason: 'budget' });
    expect(readStudy(study.store, 'study').trials.filter(({ state }) => state === 'failed').length).toBeGreaterThan(20);
  });

  it('end a study that proposes nothing else', async () => {
    const study = simulate({ trials: 200, refuse: () => 'never' });
    await expect(study.handle.done).resolves.toMatchObject({ reason: 'failing', failure: { code: 'INFEASIBLE' } });
  });
});
