import { describe, expect, it } from 'vitest';
import { contenderOf } from '../../src/cli/bench/contender.ts';
import { type PlayedJob, play } from '../../src/cli/bench/play.ts';
import { benchProblems } from '../../src/cli/bench/problems.ts';
import { pick } from '../../src/core/errors.ts';
import type { TrialRequest } from '../../src/core/executor.ts';
import { createReplayExecutor } from '../../src/executors/index.ts';
import { compressionProblem } from '../../src/search/bench/compression.ts';
import { schedulers } from '../../src/search/schedulers/index.ts';
import { watch } from './harness.ts';

function groupByTrial(jobs: readonly PlayedJob[]): Map<number, PlayedJob[]> {
  const groups = new Map<number, PlayedJob[]>();
  for (const job of jobs) groups.set(job.trial, [...(groups.get(job.trial) ?? []), job]);
  return groups;
}

const recall = ({ candidate }: TrialRequest) => {
  const seconds = Number(candidate['seconds']);
  const progress = [1, 2, 3].map((done) => ({
    afterSeconds: (seconds * done) / 3,
    progress: { stage: 'train', done, total: 3 },
  }));
  return { outcome: { state: 'done' as const, metrics: {}, seconds }, progress };
};

async function open(slots: number) {
  const executor = createReplayExecutor({ slots, recall });
  await executor.open(() => {});
  return executor;
}

describe('replay executor', () => {
  it('plays trials by its own clock: two workers share four trials', async () => {
    const executor = await open(2);
    const log: string[] = [];
    const runs = [1000, 3000, 500, 2000].map(async (seconds, trial) => {
      await watch(executor, trial, { seconds }, (event) => log.push(`${trial} ${event}`)).outcome;
      log.push(`${trial} end ${executor.times().elapsed}`);
    });
    await Promise.all(runs);
    expect(log.filter((line) => line.includes('end'))).toEqual(['0 end 1000', '2 end 1500', '1 end 3000', '3 end 3500']);
    expect(log.filter((line) => line.startsWith('1 '))).toEqual([
      '1 start 1',
      '1 progress 1',
      '1 progress 1',
      '1 progress 1',
      '1 end 3000',
    ]);
    expect(executor.times()).toEqual({ elapsed: 3500, busy: 6500 });
  });

  it('gives the clock back to who waits: a trial that is asked because of another starts at its end', async () => {
    const executor = await open(2);
    const long = watch(executor, 0, { seconds: 100 }).outcome;
    for (let trial = 1; trial <= 5; trial++) {
      await watch(executor, trial, { seconds: 10 }).outcome;
      await new Promise((resolve) => setImmediate(resolve));
      expect(executor.times().elapsed).toBe(10 * trial);
    }
    await long;
    expect(executor.times().elapsed).toBe(100);
  });
});

describe('a played study', () => {
  const problem = compressionProblem('small', '', 6, []);
  const contender = contenderOf('evolution');
  const run = (workers: number) => play({ problem, contender, seed: 's', trials: 150, workers, anchors: true });

  it.each([1, 2, 8, 64])('with %i workers gives the same again', async (workers) => {
    const [first, second] = await Promise.all([run(workers), run(workers)]);
    expect(second.metrics).toEqual(first.metrics);
    expect(second.busy).toBe(first.busy);
    expect(first.metrics.filter((metrics) => metrics !== undefined)).toHaveLength(150);
    expect(first.busy).toBeGreaterThan(0);
    expect(first.busy).toBeLessThanOrEqual(1);
  });
});

describe('a played study with a scheduler', () => {
  const problem = pick('problem', benchProblems, 'fashion-resnet6').create();
  const contender = contenderOf('random');
  const scheduler = pick('scheduler', schedulers, 'asha');
  const run = (workers: number) => play({ problem, contender, scheduler, seed: 's', trials: 60, workers, anchors: true });

  it.each([1, 8])('replays the rungs that were recorded, with %i workers', async (workers) => {
    const [first, second] = await Promise.all([run(workers), run(workers)]);
    expect(second.jobs).toEqual(first.jobs);
    const shares = groupByTrial(first.jobs);
    for (const jobs of shares.values()) {
      const spent = jobs.reduce((sum, { share }) => sum + share, 0);
      expect([0.25, 0.5, 1]).toContain(spent);
      expect(jobs.every(({ share }) => share > 0)).toBe(true);
    }
    expect(first.jobs.reduce((sum, { share }) => sum + share, 0)).toBeLessThan(45);
  });
});
