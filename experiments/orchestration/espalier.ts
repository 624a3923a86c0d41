import { join } from 'node:path';
import type { Candidate } from '../../src/core/candidate.ts';
import type { Controller } from '../../src/core/controller.ts';
import { pick } from '../../src/core/errors.ts';
import type { Executor, TrialListener, TrialRequest } from '../../src/core/executor.ts';
import { stableStringify } from '../../src/core/json.ts';
import type { Goal } from '../../src/core/objective.ts';
import type { StudyRecord } from '../../src/core/store.ts';
import type { Outcome } from '../../src/core/trial.ts';
import { controllers } from '../../src/search/controllers/index.ts';
import { planOf } from '../../src/search/space/plan.ts';
import type { Parameter, Space } from '../../src/search/space/space.ts';
import { rememberPerCandidate } from '../../src/search/study/keys.ts';
import { runStudy } from '../../src/search/study/run.ts';
import { openStore } from '../../src/store/index.ts';
import { type Spread, spreadOf } from './spread.ts';

export interface Timing {
  readonly seconds: number;
  readonly trialsPerSecond: number;
  /** Milliseconds in the controller's `ask`. */
  readonly ask: Spread;
  /** Reading the log and restoring the controller of the finished study. */
  readonly resumeSeconds: number;
}

const goal: Goal = {
  objectives: [
    { metric: 'accuracy', direction: 'maximize' },
    { metric: 'size', direction: 'minimize' },
  ],
  constraints: [],
};

/** What Optuna is given too: ten numbers. */
const numbers: Space = {
  parameters: Array.from({ length: 10 }, (_, i) => ({
    name: `x${i}`,
    domain: { kind: 'range', min: 0, max: 1 },
    target: { kind: 'recipe', key: `x${i}` },
  })),
  fixed: { recipe: {}, techniques: {} },
};

/** What a search for a ResNet-20 has: keep ratio, importance and bits for each of 20 layers. */
const layers: Space = {
  parameters: Array.from({ length: 20 }, (_, i) => knobsOf(`layer${i}`)).flat(),
  fixed: { recipe: {}, techniques: {} },
};

function knobsOf(site: string): Parameter[] {
  const knob = (technique: string, knob: string) => ({
    name: `${site}/${technique}.${knob}`,
    target: { kind: 'technique', technique, site, knob } as const,
  });
  return [
    { ...knob('prune', 'keep'), domain: { kind: 'choice', values: [0.125, 0.25, 0.5, 0.75, 1], ordered: true }, off: 1 },
    { ...knob('prune', 'importance'), domain: { kind: 'choice', values: ['l1', 'l2'], ordered: false } },
    { ...knob('quantize', 'bits'), domain: { kind: 'choice', values: [8, 32], ordered: true }, off: 32 },
  ];
}

export const spaces = { numbers, layers } as const;

/** A trial that costs nothing; its metrics come from the numbers in its candidate. */
function outcomeOf(candidate: Candidate): Outcome {
  let [near, far] = [0, 0];
  for (const value of Object.values(candidate)) {
    if (typeof value !== 'number') continue;
    near += value;
    far += Math.sqrt(value);
  }
  return { state: 'done', metrics: { accuracy: near, size: far }, seconds: 0 };
}

class NoopExecutor implements Executor {
  readonly slots = 8;
  open = () => Promise.resolve({});
  run({ candidate, attempt }: TrialRequest, listener: TrialListener): Promise<Outcome> {
    listener.started(0, attempt);
    return Promise.resolve(outcomeOf(candidate));
  }
  stop() {}
  cancel() {}
  pause() {}
  resume() {}
  close = () => Promise.resolve();
}

/** Runs a study of `trials` trials that cost nothing, from ask to the durable store, in a new SQLite file of this folder. */
export async function measure(folder: string, name: keyof typeof spaces, controller: string, trials: number): Promise<Timing> {
  const store = openStore(join(folder, `${name}-${controller}-${trials}-${performance.now()}.sqlite`), { mode: 'write' });
  const study: StudyRecord = {
    name: 'study',
    createdAt: Date.now(),
    seed: 'orchestration',
    controller,
    space: { file: '', text: '', hash: '' },
    facts: {},
  };
  store.create(study);
  const space = spaces[name];
  const asks: number[] = [];
  const run = async () => {
    const keyOf = rememberPerCandidate((candidate) => stableStringify({ ...planOf(space, candidate) }));
    const parts = { store, study, executor: new NoopExecutor(), goal, keyOf, initial: [], onEvent: () => {} };
    const timed = timeAsks(pick('controller', controllers, controller).create({ space, goal, seed: study.seed, keyOf }), asks);
    const start = performance.now();
    await runStudy({ ...parts, controller: timed, budget: { trials } }).done;
    return (performance.now() - start) / 1000;
  };
  const seconds = await run();
  const resumeSeconds = await run();
  store.close();
  return { seconds, trialsPerSecond: trials / seconds, ask: spreadOf(asks), resumeSeconds };
}

/** The same controller, with the milliseconds of every ask noted. */
function timeAsks(controller: Controller, asks: number[]): Controller {
  return {
    ask(trial) {
      const start = performance.now();
      const candidate = controller.ask(trial);
      asks.push(performance.now() - start);
      return candidate;
    },
    asked: (trial, candidate) => controller.asked(trial, candidate),
    tell: (result) => controller.tell(result),
    save: () => controller.save(),
    restore: (state) => controller.restore(state),
  };
}
