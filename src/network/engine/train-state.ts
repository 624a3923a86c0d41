import { exitCodes, NasError } from '../../core/errors.ts';
import type { Slot, TrainStep } from '../autodiff/train-step.ts';
import type { ClassLabels } from '../data/dataset.ts';
import type { Graph, Tensor } from '../ir/graph.ts';
import { elementCount } from '../ir/graph.ts';
import type { Session, Tensors } from './session.ts';

/** What changes from step to step besides the state. */
export interface StepFeeds {
  /** [N, C, H, W] */
  readonly x: Float32Array;
  /** [N] */
  readonly labels: ClassLabels;
  readonly labelSmoothing: number;
  readonly learningRate: number;
  /** Further inputs of the step, by name. */
  readonly extra?: Tensors;
}

/** What a training carries from one step to the next, as plain arrays: enough to go on bit by bit as if it had not been paused. */
export interface SavedState {
  /** Steps taken so far. */
  readonly steps: number;
  /** theta [P], states [S] where there are any, one [P] per optimizer state. */
  readonly vectors: Readonly<Record<string, Float32Array>>;
}

export interface StepResult {
  readonly loss: number;
  /** Images of the batch that the network had right. */
  readonly correct: number;
}

/**
 * The vectors that a train step carries on: parameters, running statistics, optimizer states. Each has two buffers, one
 * read and one written by a step, which then change roles: no step allocates, and none reads what it writes. A session that
 * carries them itself is given them once; `settle` before they are read here.
 */
export class TrainState {
  private readonly model: Graph;
  private readonly step: TrainStep;
  private readonly image: string;
  private readonly inputs: Record<string, Tensor>;
  private readonly outputs: Record<string, Tensor>;
  private readonly target: Tensor;
  private count = 0;
  /** Of the last step, where that one carried the vectors itself and `inputs` are still those that it was given. */
  private ahead: Session | undefined;
  /** What a session carries is what `inputs` are, or newer. */
  private given: Session | undefined;

  /** Starts from the weights of the model graph and of what is trained beside it, and from zeros for the optimizer. */
  constructor(model: Graph, step: TrainStep, auxiliary: Graph['initializers'] = {}) {
    const { types } = step.graph;
    this.model = model;
    this.step = step;
    this.image = model.inputs[0]!.name;
    this.target = zeros(types['target']!.shape);
    this.inputs = Object.fromEntries(this.carried().map((name) => [name, zeros(types[name]!.shape)]));
    this.outputs = Object.fromEntries(this.carried().map((name) => [name, zeros(types[name]!.shape)]));
    const start = { ...model.initializers, ...auxiliary };
    for (const [vector, slots] of this.layouts()) {
      for (const { name, offset } of slots) floats(this.inputs[vector]!).set(floats(start[name]!), offset);
    }
  }

  async run(session: Session, feeds: StepFeeds): Promise<StepResult> {
    this.count++;
    this.fillTarget(feeds);
    if (session.readCarried) return this.runThere(session, feeds);
    const results = await session.run(this.feeds(feeds), this.fetches());
    for (const name of this.carried()) {
      const next = this.outputs[name]!;
      this.outputs[name] = this.inputs[name]!;
      this.inputs[name] = next;
    }
    return resultOf(results);
  }

  private async runThere(session: Session, feeds: StepFeeds): Promise<StepResult> {
    const all = this.feeds(feeds);
    const carried = new Set(this.carried());
    const fresh = Object.entries(all).filter(([name]) => !carried.has(name));
    const results = await session.run(this.given === session ? Object.fromEntries(fresh) : all);
    this.given = session;
    this.ahead = session;
    return resultOf(results);
  }

  /** Fetches the vectors from the session that carries them, where one does. */
  async settle(): Promise<void> {
    const vectors = await this.ahead?.readCarried?.();
    for (const [name, tensor] of Object.entries(vectors ?? {})) floats(this.inputs[name]!).set(floats(tensor));
    this.ahead = undefined;
  }

  /** A copy of everything that changes from step to step. The layout is the step's own, whatever it is lowered to. */
  save(): SavedState {
    const vectors = this.carried().map((name) => [name, floats(this.vector(name)).slice()] as const);
    return { steps: this.count, vectors: Object.fromEntries(vectors) };
  }

  /** Goes on from a saved state of the same step. Throws NasError CHECKPOINT_MISMATCH for one of another. */
  load({ steps, vectors }: SavedState): void {
    for (const name of this.carried()) {
      const target = floats(this.inputs[name]!);
      const source = vectors[name];
      if (source?.length !== target.length) throw mismatch(name, target.length, source?.length);
      target.set(source);
    }
    this.count = steps;
    this.given = undefined;
    this.ahead = undefined;
  }

  /** The parameters as they are now, by name: views of theta, to be changed in place before the next step. */
  weights(): Readonly<Record<string, Float32Array>> {
    this.given = undefined;
    const theta = floats(this.vector('theta'));
    return Object.fromEntries(
      this.step.parameters.map(({ name, offset, size }) => [name, theta.subarray(offset, offset + size)]),
    );
  }

  isFinite(): boolean {
    return this.carried().every((name) => floats(this.vector(name)).every(Number.isFinite));
  }

  /** The model graph with what was trained in place of its initializers. */
  trainedGraph(): Graph {
    const initializers = { ...this.model.initializers };
    for (const [vector, slots] of this.layouts()) {
      for (const { name, shape, offset, size } of slots) {
        if (!initializers[name]) continue;
        const data = floats(this.vector(vector)).slice(offset, offset + size);
        initializers[name] = { dtype: 'float32', shape, data };
      }
    }
    return { ...this.model, initializers };
  }

  private vector(name: string): Tensor {
    if (this.ahead) throw new Error(`${name} is read before it was fetched from the session that carries it`);
    return this.inputs[name]!;
  }

  private carried(): readonly string[] {
    return ['theta', ...(this.step.states.length > 0 ? ['states'] : []), ...this.step.optimizerStates];
  }

  /** The vectors that hold initializers of the model. */
  private layouts(): readonly (readonly [vector: string, slots: readonly Slot[]])[] {
    const { parameters, states } = this.step;
    return [['theta', parameters] as const, ['states', states] as const].filter(([, slots]) => slots.length > 0);
  }

  private feeds({ x, learningRate, extra }: StepFeeds): Tensors {
    const image: Tensor = { dtype: 'float32', shape: this.step.graph.types[this.image]!.shape, data: x };
    return {
      ...extra,
      ...this.inputs,
      [this.image]: image,
      target: this.target,
      lr: scalar(learningRate),
      step: scalar(this.count),
    };
  }

  private fetches(): Tensors {
    const next = this.carried().map((name) => [`${name}.next`, this.outputs[name]!]);
    return { loss: scalar(0), correct: scalar(0), ...Object.fromEntries(next) };
  }

  /** 1 for the label's class; label smoothing takes a share of it and spreads it evenly over all classes. */
  private fillTarget({ labels, labelSmoothing }: StepFeeds): void {
    const target = floats(this.target);
    const classes = this.target.shape[1]!;
    target.fill(labelSmoothing / classes);
    labels.forEach((label, i) => {
      target[i * classes + label]! += 1 - labelSmoothing;
    });
  }
}

const resultOf = (results: Tensors): StepResult => ({
  loss: floats(results['loss']!)[0]!,
  correct: floats(results['correct']!)[0]!,
});

const mismatch = (name: string, wanted: number, found: number | undefined) =>
  new NasError(
    'CHECKPOINT_MISMATCH',
    `the checkpoint is of another training: ${name} has ${found ?? 'no'} numbers, not ${wanted}. Train from the start.`,
    { facts: { name, wanted, found: found ?? null }, exitCode: exitCodes.failure },
  );

const zeros = (shape: readonly number[]): Tensor => ({ dtype: 'float32', shape, data: new Float32Array(elementCount(shape)) });

const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

const floats = (tensor: Tensor): Float32Array => tensor.data as Float32Array;
