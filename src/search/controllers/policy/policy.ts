import type { Candidate, Value } from '../../../core/candidate.ts';
import type { Controller, ControllerContext, ControllerDefinition, TrialResult } from '../../../core/controller.ts';
import type { Json } from '../../../core/json.ts';
import { violation } from '../../../core/objective.ts';
import { createRng, type Rng } from '../../../core/rng.ts';
import { haltonPoints, haltonSequence } from '../../space/halton.ts';
import { mutate } from '../../space/mutate.ts';
import type { Space } from '../../space/space.ts';
import { Proposals } from '../proposals.ts';
import { type Decision, decisionsOf } from './decisions.ts';
import { factorisedPolicy } from './factorised.ts';
import { AdamClimber, Baseline, type Climber, plainClimber } from './learners.ts';
import type { PolicyNetwork } from './network.ts';
import { recurrentPolicy } from './recurrent.ts';
import { type Preference, preferencesFor, Rewards, rewardLosses } from './reward.ts';
import { importance, proximalWeight, slopesOf } from './slopes.ts';

interface PolicyKind {
  readonly name: string;
  readonly summary: string;
  readonly recurrent: boolean;
  /** Results that are learned from together, and how often: 1 and 1 is REINFORCE, more is PPO. */
  readonly batch: number;
  readonly epochs: number;
  readonly climber: (size: number) => Climber;
}

/**
 * Policy gradients over the choices of every layer (REINFORCE, Williams 1992; Zoph, Le 2017): every trial is drawn from one
 * of several policies, each with a preference of its own among the objectives, and every result teaches all of them.
 */
export const policy = define({
  name: 'policy',
  summary: 'learns chances for the choices of every layer (REINFORCE, one policy per part of the front)',
  recurrent: false,
  batch: 1,
  epochs: 1,
  climber: () => plainClimber(0.2),
});

/** The same by proximal policy optimization (Schulman et al. 2017): a few clipped steps per batch of results. */
export const policyPpo = define({
  name: 'policy-ppo',
  summary: 'like policy, with clipped steps on batches of results (PPO)',
  recurrent: false,
  batch: 6,
  epochs: 4,
  climber: (size) => new AdamClimber(0.1, size),
});

/** Layer after layer with a small recurrent network, so that a choice can answer those before it. */
export const policyRnn = define({
  name: 'policy-rnn',
  summary: 'like policy-ppo, each choice seeing those before it (a small recurrent network)',
  recurrent: true,
  batch: 6,
  epochs: 2,
  climber: (size) => new AdamClimber(0.05, size),
});

function define(kind: PolicyKind): ControllerDefinition<Space> {
  return {
    name: kind.name,
    summary: kind.summary,
    refuse: ({ parameters }) =>
      parameters.some(({ target }) => target.kind === 'technique')
        ? undefined
        : 'needs choices per layer, and this space has none; add a technique under layers',
    create: (context) => new PolicyController(kind, context),
  };
}

/** One result that is to be learned from. */
interface Lesson {
  readonly options: readonly number[];
  /** Log-probabilities of the options when the candidate was drawn. */
  readonly drawnAs: readonly number[];
  /** Whether the decision meant anything: not where another one switched it off. */
  readonly counts: readonly boolean[];
  /** By preference. */
  readonly advantages: readonly number[];
}

interface Saved {
  readonly proposals: Json;
  readonly drawn: readonly (readonly [number, readonly number[]])[];
  readonly parameters: readonly number[];
  readonly climber: readonly number[];
  readonly baselines: readonly (readonly number[])[];
  readonly rewards: readonly (readonly number[])[];
  readonly lessons: readonly Lesson[];
}

/** Even candidates before the first draw, draws until one is new, and mutations of the last one after that. */
const startup = 8;
const redraws = 10;
const mutations = 40;

class PolicyController implements Controller {
  readonly #kind: PolicyKind;
  readonly #context: ControllerContext<Space>;
  readonly #proposals: Proposals;
  readonly #decisions: readonly Decision[];
  readonly #preferences: readonly Preference[];
  readonly #network: PolicyNetwork;
  readonly #climber: Climber;
  readonly #baselines: readonly Baseline[];
  readonly #rewards: Rewards;
  readonly #even: (index: number) => Candidate;
  /** By preference: where its draws lie. */
  readonly #points: readonly ((index: number) => number[])[];
  /** Log-probabilities of what is pending, by trial. */
  readonly #drawn = new Map<number, readonly number[]>();
  #lessons: Lesson[] = [];

  constructor(kind: PolicyKind, context: ControllerContext<Space>) {
    this.#kind = kind;
    this.#context = context;
    this.#proposals = new Proposals(context);
    this.#even = haltonSequence(context.space, context.seed);
    this.#decisions = decisionsOf(context.space);
    this.#preferences = preferencesFor(context.goal, this.#bounded());
    this.#points = this.#preferences.map((_, k) => haltonPoints(this.#decisions.length, `${context.seed}/preference ${k}`));
    this.#network = this.#newNetwork();
    this.#climber = kind.climber(this.#network.parameters.length);
    this.#baselines = this.#preferences.map(() => new Baseline());
    this.#rewards = new Rewards(this.#preferences);
  }

  ask(trial: number): Candidate | undefined {
    const rng = createRng(this.#context.seed, this.#kind.name, trial);
    const preference = trial % this.#preferences.length;
    const draw = () => this.#draw(preference, () => rng.uniform());
    const even = trial < startup ? this.#proposals.firstNew(1, () => this.#even(trial)) : undefined;
    const drawn =
      even ??
      this.#proposals.firstNew(1, () => this.#drawEvenly(trial)) ??
      this.#proposals.firstNew(redraws, draw) ??
      this.#newMutant(draw(), rng);
    const candidate = drawn ?? this.#proposals.random(rng);
    if (candidate) this.asked(trial, candidate);
    return candidate;
  }

  asked(trial: number, candidate: Candidate): void {
    this.#proposals.add(trial, candidate);
    if (!this.#isInside(candidate) || this.#drawn.has(trial)) return;
    const { drawnAs } = this.#retrace(candidate, trial % this.#preferences.length);
    this.#drawn.set(trial, drawnAs);
  }

  tell({ trial, candidate, metrics }: TrialResult): void {
    this.#proposals.add(trial, candidate);
    if (!this.#isInside(candidate)) return;
    const drawnAs = this.#drawn.get(trial) ?? this.#retrace(candidate, trial % this.#preferences.length).drawnAs;
    this.#drawn.delete(trial);
    const { goal, logScale = new Set() } = this.#context;
    const rewards = this.#rewards.of(rewardLosses(metrics, goal, logScale), metrics ? violation(metrics, goal.constraints) : 0);
    this.#lessons.push({
      options: this.#decisions.map(({ optionOf }) => optionOf(candidate)),
      counts: this.#decisions.map(({ counts }) => counts(candidate)),
      drawnAs,
      advantages: rewards.map((reward, k) => this.#baselines[k]!.advantage(reward)),
    });
    if (this.#lessons.length >= this.#kind.batch) this.#learn();
  }

  save(): Json {
    return {
      proposals: this.#proposals.save(),
      drawn: [...this.#drawn].map(([trial, drawnAs]) => [trial, [...drawnAs]]),
      parameters: [...this.#network.parameters],
      climber: this.#climber.save(),
      baselines: this.#baselines.map((baseline) => baseline.save()),
      rewards: this.#rewards.save(),
      lessons: this.#lessons.map((lesson) => ({ ...lesson })),
    };
  }

  restore(state: Json): void {
    const { proposals, drawn, parameters, climber, baselines, rewards, lessons } = state as unknown as Saved;
    this.#proposals.restore(proposals);
    for (const [trial, drawnAs] of drawn) this.#drawn.set(trial, drawnAs);
    this.#network.parameters.set(parameters);
    this.#climber.restore(climber);
    for (const [k, saved] of baselines.entries()) this.#baselines[k]!.restore(saved);
    this.#rewards.restore(rewards);
    this.#lessons = [...lessons];
  }

  /** Objectives that are known before a trial and bounded by a constraint. */
  #bounded(): Set<string> {
    const { goal } = this.#context;
    if (goal.constraints.length === 0) return new Set();
    const foreseen = this.#proposals.foresight.metrics(this.#even(0));
    return new Set(goal.constraints.map(({ metric }) => metric).filter((metric) => foreseen[metric] !== undefined));
  }

  #newNetwork(): PolicyNetwork {
    const optionCounts = this.#decisions.map(({ options }) => options.length);
    if (!this.#kind.recurrent) return factorisedPolicy(optionCounts, this.#preferences.length);
    const names = [...new Set(this.#decisions.map(({ kind }) => kind))];
    const kinds = this.#decisions.map(({ kind }) => names.indexOf(kind));
    return recurrentPolicy(
      { optionCounts, kinds, preferences: this.#preferences },
      createRng(this.#context.seed, 'policy network'),
    );
  }

  /** A policy that is sure of itself draws what it drew before: the new ones lie around that. */
  #newMutant(drawn: Candidate, rng: Rng): Candidate | undefined {
    return this.#proposals.firstNew(mutations, () => mutate(this.#context.space, drawn, rng));
  }

  /** The draws of one preference together are as even as its policy: a policy that has not learned yet covers the space. */
  #drawEvenly(trial: number): Candidate {
    const preference = trial % this.#preferences.length;
    const point = this.#points[preference]!(Math.floor(trial / this.#preferences.length));
    return this.#draw(preference, (d) => point[d]!);
  }

  /** `chance(d)`: where decision d is drawn, in [0, 1). */
  #draw(preference: number, chance: (d: number) => number): Candidate {
    const walk = this.#network.walk(preference);
    const candidate: Record<string, Value> = {};
    for (const [d, { name, valueAt }] of this.#decisions.entries()) {
      const { option, within } = drawFrom(walk.look(), chance(d));
      walk.choose(option);
      candidate[name] = valueAt(option, within);
    }
    return candidate;
  }

  /** The walk that leads to a candidate, and the log-probabilities of what it chose. */
  #retrace(candidate: Candidate, preference: number) {
    return this.#follow(
      this.#decisions.map(({ optionOf }) => optionOf(candidate)),
      preference,
    );
  }

  #follow(options: readonly number[], preference: number) {
    const walk = this.#network.walk(preference);
    const looks = options.map((option) => {
      const look = walk.look();
      walk.choose(option);
      return look;
    });
    return { walk, looks, drawnAs: looks.map((look, d) => look[options[d]!]!) };
  }

  /** Teaches every policy all lessons, and forgets them. */
  #learn(): void {
    const starts = this.#lessons.map(({ options }) => this.#preferences.map((_, k) => this.#follow(options, k).drawnAs));
    for (let epoch = 0; epoch < this.#kind.epochs; epoch++) {
      const gradient = new Float64Array(this.#network.parameters.length);
      for (const [i, lesson] of this.#lessons.entries()) {
        for (const [k, start] of starts[i]!.entries()) this.#addGradient(lesson, k, start, gradient);
      }
      this.#climber.climb(this.#network.parameters, gradient);
    }
    this.#lessons = [];
  }

  #addGradient(
    { options, drawnAs, counts, advantages }: Lesson,
    k: number,
    start: readonly number[],
    gradient: Float64Array,
  ): void {
    const { walk, looks, drawnAs: now } = this.#follow(options, k);
    const slopes = looks.map((look, d) => {
      if (!counts[d]) return new Float64Array(look.length);
      const weight = importance(start[d]!, drawnAs[d]!) * proximalWeight(advantages[k]!, now[d]!, start[d]!);
      return slopesOf(look, options[d]!, weight);
    });
    walk.backward(slopes, gradient);
  }

  #isInside(candidate: Candidate): boolean {
    return this.#decisions.every(({ name }) => candidate[name] !== undefined);
  }
}

/** The option at the place `u` of [0, 1) when each takes up its chance, and how far inside of it that is, in [0, 1). */
function drawFrom(logChances: Float64Array, u: number): { readonly option: number; readonly within: number } {
  let left = u;
  for (const [option, logarithm] of logChances.entries()) {
    const chance = Math.exp(logarithm);
    if (left < chance) return { option, within: left / chance };
    left -= chance;
  }
  return { option: logChances.length - 1, within: 0.5 };
}
