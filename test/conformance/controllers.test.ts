import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../src/core/candidate.ts';
import type { ControllerDefinition } from '../../src/core/controller.ts';
import { violation } from '../../src/core/objective.ts';
import { type CheckSubject, controllerChecks, drive } from '../../src/search/controllers/check.ts';
import { controllers } from '../../src/search/controllers/index.ts';
import { check } from '../../src/search/space/check.ts';
import { enumerate } from '../../src/search/space/count.ts';
import type { Space } from '../../src/search/space/space.ts';
import { hypervolumeFrame, hypervolumeIn } from '../../src/search/study/progress.ts';
import { compressionProblem } from '../fixtures/compression-problem.ts';
import { hugeProblem, mixedProblem, onePointProblem, withLatency } from '../fixtures/search-problems.ts';

type Problem = Pick<ReturnType<typeof compressionProblem>, 'space' | 'goal' | 'keyOf' | 'measure'>;

const subjectOf = ({ space, goal, keyOf, measure }: Problem, trials: number): CheckSubject => ({
  context: { space, goal, keyOf },
  measure,
  trials,
});

/** The same problem with its size known before a trial. */
const foreseen = (problem: Problem, trials: number): CheckSubject => {
  const subject = subjectOf(problem, trials);
  const predict = (candidate: Candidate) => ({ size: problem.measure(candidate)['size']! });
  return { ...subject, context: { ...subject.context, predict, logScale: new Set(['size']) } };
};

const small = [{ metric: 'size', op: '<=', bound: 12_000 }] as const;

const trials = 24;

const subjects: Record<string, CheckSubject> = {
  'separable layers': subjectOf(compressionProblem(6), trials),
  'a small space': subjectOf(compressionProblem(1), trials),
  'three objectives': subjectOf(withLatency(compressionProblem(3)), trials),
  'mixed and conditional parameters': subjectOf(mixedProblem(), trials),
  'fifty layers': subjectOf(hugeProblem(50), trials),
  'one network': subjectOf(onePointProblem(), trials),
  'size known beforehand, and bounded': foreseen(compressionProblem(6, small), trials),
};

const accepts = (definition: ControllerDefinition<Space>, { context }: CheckSubject) =>
  definition.refuse?.(context.space) === undefined;

describe.each(controllers)('controller $name', (definition) => {
  const problem = compressionProblem(6);
  const create = (seed = 's', { space, goal, keyOf }: Problem = problem) => definition.create({ space, goal, seed, keyOf });

  it('has a name and a summary that the command line can show', () => {
    expect(definition.name).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(definition.summary.length).toBeGreaterThan(10);
  });

  const accepted = Object.entries(subjects).filter(([, subject]) => accepts(definition, subject));

  describe.each(accepted)('on %s', (_, subject) => {
    it.each(controllerChecks)('$promise', ({ run }) => run(definition, subject));
  });

  it('says why it refuses a space', () => {
    for (const { context } of Object.values(subjects)) {
      expect(definition.refuse?.(context.space) ?? 'cannot search').toMatch(/^(cannot|needs) .+/);
    }
  });

  it.runIf(accepts(definition, subjects['separable layers']!))('draws on its seed', () => {
    const run = (seed: string) => drive(create(seed), { to: 30, measure: problem.measure });
    expect(run('a')).not.toEqual(run('b'));
  });

  const tiny = compressionProblem(1);

  it('proposes every network of a small space once, then none', () => {
    const controller = create('s', tiny);
    const candidates = drive(controller, { to: 1000, measure: tiny.measure });
    const all = new Set([...enumerate(tiny.space)].map(tiny.keyOf));
    expect(candidates).toHaveLength(all.size);
    expect(new Set(candidates.map(tiny.keyOf))).toEqual(all);
    expect(controller.ask(1000)).toBeUndefined();
  });

  it.runIf(definition.refuse?.(compressionProblem(0).space) === undefined)(
    'proposes the only network of a space without a choice',
    () => {
      const controller = create('s', compressionProblem(0));
      expect(controller.ask(0)).toEqual({});
      expect(controller.ask(1)).toBeUndefined();
    },
  );

  it('never spends a trial on what surely misses a constraint', () => {
    const bounded = compressionProblem(1, [{ metric: 'size', op: '<=', bound: 6000 }]);
    const { context, measure } = foreseen(bounded, 0);
    const candidates = drive(definition.create({ ...context, seed: 's' }), { to: 1000, measure });
    const feasible = new Set([...enumerate(bounded.space)].filter((c) => measure(c, 0)!['size']! <= 6000).map(bounded.keyOf));
    expect(new Set(candidates.map(bounded.keyOf))).toEqual(feasible);
  });

  it('says so once where nothing can satisfy the constraints, and tries the nearest misses', () => {
    const impossible = compressionProblem(2, [{ metric: 'size', op: '<=', bound: 100 }]);
    const { context, measure } = foreseen(impossible, 0);
    const said: string[] = [];
    const controller = definition.create({ ...context, seed: 's', say: (message) => said.push(message) });
    const candidates = drive(controller, { to: 12, measure });
    for (const candidate of candidates) check(impossible.space, candidate);
    expect(candidates).toHaveLength(12);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('size <= 100');
    const sizes = [...enumerate(impossible.space)].map((candidate) => measure(candidate, 0)!['size']!).sort((a, b) => a - b);
    expect(Math.max(...candidates.map((candidate) => measure(candidate, 0)!['size']!))).toBeLessThan(sizes[sizes.length >> 2]!);
  });

  it.runIf(accepts(definition, subjects['separable layers']!))(
    'finds points that satisfy constraints that only a trial shows',
    () => {
      const constrained = compressionProblem(6, [
        { metric: 'accuracy', op: '>=', bound: 0.85 },
        { metric: 'size', op: '<=', bound: 40_000 },
      ]);
      const candidates = drive(create('s', constrained), { to: 50, measure: constrained.measure });
      const feasible = candidates.filter((c) => violation(constrained.measure(c), constrained.goal.constraints) === 0);
      expect(feasible.length).toBeGreaterThan(0);
    },
  );
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

  /** Policies learn slowly: they claim to beat random only after so many trials. */
  const patience: Readonly<Record<string, number>> = { policy: 200, 'policy-ppo': 200, 'policy-rnn': 120 };

  /** Of two searches that begin with the anchors, as every study does. */
  function meanHypervolume(definition: ControllerDefinition<Space>, trials: number): number {
    const values = ['1', '2'].map((seed) => {
      const controller = definition.create({ space, goal, seed, keyOf, logScale: new Set(['size']) });
      for (const [trial, candidate] of anchors.entries()) controller.asked(trial, candidate);
      const candidates = drive(controller, { from: anchors.length, to: trials, measure, before: anchors });
      return hypervolumeIn(frame, candidates.map(measure));
    });
    return (values[0]! + values[1]!) / 2;
  }

  const random = controllers.find(({ name }) => name === 'random')!;
  const learning = controllers.filter((definition) => definition !== random && definition.refuse?.(space) === undefined);

  it.each(learning)(
    '$name beats random',
    (definition) => {
      const trials = patience[definition.name] ?? 60;
      expect(meanHypervolume(definition, trials)).toBeGreaterThan(meanHypervolume(random, trials) * 1.005);
    },
    120_000,
  );
});
