import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/core/candidate.ts';
import type { Executor, TrialRequest } from '../../../src/core/executor.ts';
import type { Outcome } from '../../../src/core/trial.ts';
import { type PlanResult, planOfIndex, runPlans, undosOf } from '../../../src/search/sensitivity/undo.ts';

const plan: Plan = {
  recipe: { learningRate: 0.02 },
  techniques: { prune: { stem: { keep: 0.5 }, conv1: { keep: 0.25 } }, quantize: { dense: { bits: 8 } } },
};

describe('undosOf', () => {
  it('leaves out one technique at one site', () => {
    expect(undosOf(plan).map(({ technique, site, plan: { techniques } }) => [technique, site, techniques])).toEqual([
      ['prune', 'stem', { prune: { conv1: { keep: 0.25 } }, quantize: { dense: { bits: 8 } } }],
      ['prune', 'conv1', { prune: { stem: { keep: 0.5 } }, quantize: { dense: { bits: 8 } } }],
      ['quantize', 'dense', { prune: { stem: { keep: 0.5 }, conv1: { keep: 0.25 } } }],
    ]);
  });

  it('what is left and what was undone are the plan', () => {
    const settings = fc.dictionary(fc.constantFrom('keep', 'bits'), fc.integer(), { minKeys: 1 });
    const sites = fc.dictionary(fc.constantFrom('stem', 'conv1', 'dense'), settings, { minKeys: 1 });
    const techniques = fc.dictionary(fc.constantFrom('prune', 'quantize', 'factor'), sites);
    fc.assert(
      fc.property(techniques, (all) => {
        const undos = undosOf({ recipe: { epochs: 1 }, techniques: all });
        expect(undos).toHaveLength(Object.values(all).reduce((sum, each) => sum + Object.keys(each).length, 0));
        for (const { technique, site, settings: own, plan: left } of undos) {
          const whole = { ...left.techniques, [technique]: { ...left.techniques[technique], [site]: own } };
          expect(whole).toEqual(all);
          expect(left.recipe).toEqual({ epochs: 1 });
          expect(left.techniques[technique]?.[site]).toBeUndefined();
        }
      }),
    );
  });
});

/** Answers with the number of sites that the plan compresses. */
function executorOf(plans: readonly Plan[], answer: (plan: Plan) => Outcome): Executor & { readonly asked: TrialRequest[] } {
  const planOf = planOfIndex(plans);
  const asked: TrialRequest[] = [];
  return {
    slots: 2,
    asked,
    open: async () => null,
    run: async (request, listener) => {
      asked.push(request);
      listener.progress(0, { stage: 'train', done: 1, total: 2, epoch: 0, epochs: 1 });
      return answer(planOf(request.candidate));
    },
    stop: () => undefined,
    cancel: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    close: async () => undefined,
  };
}

const sizeOf = ({ techniques }: Plan) => Object.values(techniques).reduce((sum, sites) => sum + Object.keys(sites).length, 0);

const done = (each: Plan): Outcome => ({ state: 'done', metrics: { size: sizeOf(each) }, seconds: 1 });

describe('runPlans', () => {
  const plans = [plan, ...undosOf(plan).map((undo) => undo.plan)];
  const parts = { plans, request: { trial: 3, seed: '1/3' }, discard: () => undefined };

  it('runs what is not known, as the trial was run, and keeps it', async () => {
    const executor = executorOf(plans, done);
    const kept: [Plan, PlanResult][] = [];
    const shares: number[] = [];
    const results = await runPlans({
      ...parts,
      executor,
      known: [{ metrics: { size: 7 }, seconds: 5 }, undefined, undefined, undefined],
      keep: async (...pair) => void kept.push(pair),
      progress: (share) => shares.push(share),
    });
    expect(results!.map(({ metrics }) => metrics)).toEqual([{ size: 7 }, { size: 2 }, { size: 2 }, { size: 2 }]);
    expect(executor.asked.map(({ seed, trial }) => [seed, trial])).toEqual([
      ['1/3', 3],
      ['1/3', 3],
      ['1/3', 3],
    ]);
    expect(kept.map(([each]) => each)).toEqual(plans.slice(1));
    expect(shares.at(-1)).toBe(1);
    expect(shares.every((share, i) => share >= (shares[i - 1] ?? 0))).toBe(true);
  });

  it('a failed network is a result; a stopped run is none, and what came before is kept', async () => {
    let runs = 0;
    const executor = executorOf(plans, (each) => {
      runs++;
      if (runs === 1) return { state: 'failed', code: 'DIVERGED', message: 'loss is NaN', seconds: 1 };
      return runs === 2 ? done(each) : { state: 'aborted', reason: 'stopped', seconds: 0 };
    });
    const kept: PlanResult[] = [];
    const nothing = plans.map(() => undefined);
    const keep = async (_: Plan, result: PlanResult) => void kept.push(result);
    const results = await runPlans({ ...parts, executor, known: nothing, keep, progress: () => undefined });
    expect(results).toBeUndefined();
    expect(kept).toEqual([
      { failure: 'DIVERGED: loss is NaN', seconds: 1 },
      { metrics: { size: 3 - 1 }, seconds: 1 },
    ]);
  });

  it('a full disk is told, not taken for a stop by hand', async () => {
    const executor = executorOf(plans, () => ({ state: 'aborted', code: 'DISK_FULL', reason: 'the disk is full', seconds: 0 }));
    const known = plans.map(() => undefined);
    const run = runPlans({ ...parts, executor, known, keep: async () => undefined, progress: () => undefined });
    await expect(run).rejects.toMatchObject({ code: 'DISK_FULL', exitCode: 1, message: 'the disk is full' });
  });

  it('throws away the checkpoint of a trial that was stopped at a rung', async () => {
    const checkpoint = { sha256: 'ab', bytes: 1 };
    const rung = { index: 0, fidelity: 0.5, ends: [0.5, 1], epochs: 1, checkpoint };
    const executor = executorOf(plans, (each) => ({ ...done(each), rung }) as Outcome);
    const thrown: string[] = [];
    const known = plans.map((_, i) => (i === 0 ? undefined : { seconds: 0 }));
    const discard = ({ sha256 }: { sha256: string }) => void thrown.push(sha256);
    await runPlans({ ...parts, discard, executor, known, keep: async () => undefined, progress: () => undefined });
    expect(thrown).toEqual(['ab']);
  });
});
