import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../src/core/candidate.ts';
import type { Controller } from '../../src/core/controller.ts';
import { type Metrics, violation } from '../../src/core/objective.ts';
import { controllers } from '../../src/search/controllers/index.ts';
import { check } from '../../src/search/space/check.ts';
import { enumerate } from '../../src/search/space/count.ts';
import { hypervolumeFrame, hypervolumeIn } from '../../src/search/study/progress.ts';
import { type CompressionProblem, compressionProblem } from '../fixtures/compression-problem.ts';

const lookAhead = 8;

interface DriveOptions {
  readonly from?: number;
  readonly to: number;
  /** Metrics of a trial; undefined: it failed. */
  readonly measure: (candidate: Candidate, trial: number) => Metrics | undefined;
  /** Candidates of the earlier trials. */
  readonly before?: readonly Candidate[];
}

/** Asks and tells as the study loop does, a trial being told `lookAhead` trials later. Returns the candidates so far. */
function drive(controller: Controller, { from = 0, to, measure, before = [] }: DriveOptions): Candidate[] {
  const candidates = [...before];
  for (let trial = from; trial < to; trial++) {
    const told = trial - lookAhead;
    if (told >= 0) {
      const candidate = candidates[told]!;
      const metrics = measure(candidate, told);
      controller.tell(metrics ? { trial: told, candidate, metrics } : { trial: told, candidate });
    }
    const candidate = controller.ask(trial);
    if (!candidate) return candidates;
    candidates.push(candidate);
  }
  return candidates;
}

describe.each(controllers)('controller $name', (definition) => {
  const problem = compressionProblem(6);
  const measure = (candidate: Candidate) => problem.measure(candidate);
  const create = (seed = 's', { space, goal, keyOf }: CompressionProblem = problem) =>
    definition.create({ space, goal, seed, keyOf });
  const keys = (candidates: readonly Candidate[], { keyOf } = problem) => candidates.map(keyOf);

  it('has a name and a summary that the command line can show', () => {
    expect(definition.name).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(definition.summary.length).toBeGreaterThan(10);
  });

  it('stays in the domain and never repeats a network, finished or pending', () => {
    const candidates = drive(create(), { to: 300, measure });
    for (const candidate of candidates) check(problem.space, candidate);
    expect(candidates).toHaveLength(300);
    expect(new Set(keys(candidates)).size).toBe(300);
  });

  it('proposes the same for the same seed, and something else for another', () => {
    const run = (seed: string) => drive(create(seed), { to: 60, measure });
    expect(run('a')).toEqual(run('a'));
    expect(run('a')).not.toEqual(run('b'));
  });

  it('goes on when trials fail', () => {
    const some = (candidate: Candidate, trial: number) => (trial % 3 === 0 ? undefined : measure(candidate));
    const candidates = drive(create(), { to: 120, measure: some });
    expect(new Set(keys(candidates)).size).toBe(120);
  });

  it('goes on when all trials fail', () => {
    const candidates = drive(create(), { to: 120, measure: () => undefined });
    expect(new Set(keys(candidates)).size).toBe(120);
  });

  it('takes metrics that make no sense for a failure', () => {
    const strange = [{}, { accuracy: Number.NaN, size: 1 }, { accuracy: 1, size: Number.POSITIVE_INFINITY }] as Metrics[];
    const candidates = drive(create(), { to: 60, measure: (_, trial) => strange[trial % 3] });
    expect(candidates).toHaveLength(60);
  });

  it('never proposes what somebody else has asked or told', () => {
    const others = drive(create('other'), { to: 40, measure });
    const small = compressionProblem(2);
    const taken = [...enumerate(small.space)].filter((_, i) => i % 2 === 0);
    const controller = create('s', small);
    for (const [trial, candidate] of taken.entries()) {
      if (trial < 10) controller.tell({ trial, candidate, metrics: small.measure(candidate) });
      else controller.asked(trial, candidate);
    }
    const first = controller.ask(taken.length)!;
    expect(keys(taken, small)).not.toContain(small.keyOf(first));
    const large = create();
    for (const [trial, candidate] of others.entries()) large.asked(trial, candidate);
    const proposed = Array.from({ length: 40 }, (_, i) => large.ask(40 + i)!);
    expect(new Set(keys([...others, ...proposed])).size).toBe(80);
  });

  it('takes a baseline from outside the space', () => {
    const perfect = (candidate: Candidate) =>
      Object.keys(candidate).length === 0 ? { accuracy: 1, size: 1 } : measure(candidate);
    const keyOf = (candidate: Candidate) => (Object.keys(candidate).length === 0 ? 'dense' : problem.keyOf(candidate));
    const context = { ...problem, keyOf, seed: 's' };
    const controller = definition.create(context);
    controller.asked(0, {});
    const candidates = drive(controller, { from: 1, to: 60, measure: perfect, before: [{}] });
    for (const candidate of candidates.slice(1)) check(problem.space, candidate);
    const restored = definition.create(context);
    restored.restore(JSON.parse(JSON.stringify(controller.save())));
    expect(restored.ask(60)).toEqual(controller.ask(60));
    expect(restored.save()).toEqual(controller.save());
  });

  it('depends on recorded candidates as on its own', () => {
    const whole = drive(create(), { to: 60, measure });
    const replayed = create();
    for (let trial = 0; trial < 40; trial++) {
      const told = trial - lookAhead;
      if (told >= 0) replayed.tell({ trial: told, candidate: whole[told]!, metrics: measure(whole[told]!) });
      replayed.asked(trial, whole[trial]!);
    }
    expect(drive(replayed, { from: 40, to: 60, measure, before: whole.slice(0, 40) })).toEqual(whole);
  });

  it.each([0, 1, 17, 50])('goes on from a state saved at trial %i as if nothing had happened', (at) => {
    const whole = drive(create(), { to: 80, measure });
    const first = create();
    const before = drive(first, { to: at, measure });
    const state = JSON.parse(JSON.stringify(first.save()));
    const second = create();
    second.restore(state);
    expect(drive(second, { from: at, to: 80, measure, before })).toEqual(whole);
    drive(first, { from: at, to: 80, measure, before });
    expect(second.save()).toEqual(first.save());
  });

  it('proposes every network of a small space once, then none', () => {
    const small = compressionProblem(2);
    const controller = create('s', small);
    const candidates = drive(controller, { to: 1000, measure: small.measure });
    const all = new Set([...enumerate(small.space)].map(small.keyOf));
    expect(candidates).toHaveLength(all.size);
    expect(new Set(keys(candidates, small))).toEqual(all);
    expect(controller.ask(1000)).toBeUndefined();
  });

  it('proposes the only network of a space without a choice', () => {
    const single = compressionProblem(0);
    const controller = create('s', single);
    expect(controller.ask(0)).toEqual({});
    expect(controller.ask(1)).toBeUndefined();
  });

  it('finds points that satisfy the constraints', () => {
    const constrained = compressionProblem(6, [
      { metric: 'accuracy', op: '>=', bound: 0.85 },
      { metric: 'size', op: '<=', bound: 40_000 },
    ]);
    const candidates = drive(create('s', constrained), { to: 300, measure: constrained.measure });
    const feasible = candidates.filter(
      (candidate) => violation(constrained.measure(candidate), constrained.goal.constraints) === 0,
    );
    expect(feasible.length).toBeGreaterThan(0);
  });
});

describe('controllers that learn', () => {
  const problem = compressionProblem(12);
  const { goal, space, keyOf, measure } = problem;
  const uniform = (keep: number, bits: number): Candidate => {
    const settings: Candidate = { keep, bits, importance: 'l1' };
    return Object.fromEntries(space.parameters.map(({ name }) => [name, settings[name.split('.')[1]!]!]));
  };
  const anchors = [uniform(1, 32), uniform(1, 8), uniform(0.75, 8), uniform(0.5, 8), uniform(0.25, 8), uniform(0.25, 4)];
  const frame = hypervolumeFrame(anchors.map(measure), goal.objectives, new Set(['size']))!;

  /** After 200 trials that begin with the anchors, as every study does. */
  function medianHypervolume(definition: (typeof controllers)[number]): number {
    const values = ['1', '2', '3', '4', '5'].map((seed) => {
      const controller = definition.create({ space, goal, seed, keyOf });
      for (const [trial, candidate] of anchors.entries()) controller.asked(trial, candidate);
      const candidates = drive(controller, { from: anchors.length, to: 200, measure, before: anchors });
      return hypervolumeIn(frame, candidates.map(measure));
    });
    return values.sort((a, b) => a - b)[2]!;
  }

  const reference = medianHypervolume(controllers.find(({ name }) => name === 'random')!);
  const learning = controllers.filter(({ name }) => name !== 'random');

  it.each(learning)('$name beats random', (definition) => {
    expect(medianHypervolume(definition)).toBeGreaterThan(reference * 1.06);
  });
});
