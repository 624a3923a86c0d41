import { exitCodes, NasError } from '../../core/errors.ts';
import { createRng } from '../../core/rng.ts';
import type { OptimizerOptions } from '../autodiff/optimizers/index.ts';
import { buildTrainStep, type TrainStepOptions } from '../autodiff/train-step.ts';
import { type Batch, trainBatches } from '../data/batches.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Graph, Tensor } from '../ir/graph.ts';
import { withBatch } from '../ir/passes/with-batch.ts';
import { defaultEngine, type EngineSetup } from './choice.ts';
import { withKeptStep, withStep } from './engines/index.ts';
import type { EngineHooks } from './hooks.ts';
import { restartedRateAt, type TrainRecipe } from './recipe.ts';
import { type Rows, rowsOf } from './rows.ts';
import type { Session } from './session.ts';
import { type Pass, type StepPlan, stepPlan } from './step-plan.ts';
import { type SavedState, type StepFeeds, type StepResult, TrainState } from './train-state.ts';

export interface TrainOptions {
  /** The model with its weights, in training form (BatchNormalization not folded), at any batch size; first output: logits. */
  readonly graph: Graph;
  /** Trained on `dataset.train`. */
  readonly dataset: Pick<Dataset, 'train' | 'shape' | 'normalization'>;
  readonly recipe: TrainRecipe;
  /** Root of the streams that order and augment the images: equal seeds give equal weights, bit by bit, on one machine. */
  readonly seed: string;
  readonly hooks: EngineHooks;
  readonly threads?: number;
  /** What trains; onnxruntime on the CPU where left out. */
  readonly engine?: EngineSetup;
  /** Goes on from here: a checkpoint of a training with the same options. */
  readonly from?: TrainCheckpoint;
  /** Pauses after so many epochs, parts of one included; the result then has a checkpoint. Default: the recipe's epochs. */
  readonly untilEpoch?: number;
  /** Called after every epoch but the last one, with what makes a checkpoint of it. */
  readonly epochEnded?: (checkpoint: () => Promise<TrainCheckpoint>) => Promise<void>;
  /** Epochs after which the learning rate's schedule begins again (see `restartedRateAt`), rising. */
  readonly restarts?: readonly number[];
  /** Makes another loss of cross-entropy; may read inputs that `perImage` feeds and that it has declared, [N, …row]. */
  readonly objective?: NonNullable<TrainStepOptions['objective']>;
  /** Trained beside the model, for the objective to read by name; left out of the result. */
  readonly auxiliary?: Readonly<Record<string, Tensor>>;
  /** Fed beside every image, by the name of the input. */
  readonly perImage?: Readonly<Record<string, Rows>>;
  /**
   * Called with the weights before the first step; what comes back may change the weights after every step. A training that
   * goes on from a checkpoint calls it anew, with the weights of the checkpoint: what it knows must follow from weights and moment.
   */
  readonly during?: (weights: Weights) => (weights: Weights, moment: Moment) => void;
}

/** Parameters by name, to be changed in place. */
type Weights = Readonly<Record<string, Float32Array>>;

/** `step` of `steps` is done. */
interface Moment {
  readonly step: number;
  readonly steps: number;
}

/** A paused training. Continued, it gives bit by bit what it would have given without the pause. Plain data. */
export interface TrainCheckpoint extends SavedState {
  /** Of the epochs that are complete. */
  readonly curve: readonly EpochRecord[];
  /** Of the epoch in which it was paused. */
  readonly open: EpochSums;
}

/** Sums over the steps of an epoch so far. */
interface EpochSums {
  readonly loss: number;
  readonly correct: number;
  readonly count: number;
}

/** Means over one epoch, or over the part of the last one. */
export type EpochRecord = {
  /** From 1. */
  readonly epoch: number;
  readonly loss: number;
  /** Share of the (augmented) training images that the network had right while it was trained on them. */
  readonly trainAccuracy: number;
  /** Of the epoch's last step. */
  readonly learningRate: number;
};

export interface TrainResult {
  /** The model with trained parameters and running statistics, otherwise as it came. */
  readonly graph: Graph;
  readonly curve: readonly EpochRecord[];
  readonly steps: number;
  readonly seconds: number;
  /** Present where the training is paused before its end. */
  readonly checkpoint?: TrainCheckpoint;
}

/** Share of BatchNormalization's running statistics that a step keeps. */
const batchNormMomentum = 0.9;

/**
 * Trains a model, step by step, on the engine that was chosen.
 *
 * @throws NasError DIVERGED where loss or weights become NaN or infinite; DATA_BATCH where there is no full batch; what
 * `checkpoint` throws.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { graph, recipe } = options;
  const startedAt = performance.now();
  const step = buildTrainStep(withBatch(graph, recipe.batchSize), {
    optimizer: optimizerOptions(recipe),
    weightDecay: recipe.weightDecay,
    batchNormMomentum,
    ...(options.objective ? { objective: options.objective } : {}),
    auxiliary: options.auxiliary ?? {},
  });
  const state = new TrainState(graph, step, options.auxiliary);
  const { dataset, seed, untilEpoch, restarts } = options;
  const plan = stepPlan({ images: dataset.train.count, recipe, seed, untilEpoch, restarts });
  if (options.from) state.load(options.from);
  const project = options.during?.(state.weights());
  const course = await onEngine(options, step.graph, async (session) => {
    const runStep: RunStep = async (feeds, moment) => {
      const result = await state.run(session, feeds);
      if (project) {
        await state.settle();
        project(state.weights(), moment);
      }
      return result;
    };
    const save = async () => {
      await state.settle();
      return state.save();
    };
    const ran = await runSteps(options, plan, runStep, save);
    await state.settle();
    return ran;
  });
  const curve = [...course.curve, ...course.open];
  if (!state.isFinite()) throw diverged(recipe, curve.length, 'the weights are not finite after the last step');
  const paused = plan.until < plan.steps;
  return {
    graph: state.trainedGraph(),
    curve,
    steps: plan.until,
    seconds: (performance.now() - startedAt) / 1000,
    ...(paused ? { checkpoint: { ...state.save(), curve: course.curve, open: course.sums } } : {}),
  };
}

/**
 * onnxruntime has one WebGPU queue in a process, which two threads must not use at the same time: a session on it is open
 * only as long as the thread has its turn.
 */
function onEngine<T>(
  { engine = defaultEngine, threads = 1, hooks }: TrainOptions,
  step: Graph,
  work: (session: Session) => Promise<T>,
) {
  const taken = engine.engine === 'onnxruntime' && engine.device === 'webgpu';
  if (!taken || !hooks.gpu) return withKeptStep(step, engine, { threads }, work);
  hooks.progress({ stage: 'wait for the GPU', done: 0, total: 1 });
  return hooks.gpu(() => withStep(step, engine, { threads }, work));
}

const optimizerOptions = ({ optimizer, momentum, nesterov }: TrainRecipe): OptimizerOptions =>
  optimizer === 'sgd' ? { name: 'sgd', momentum, nesterov } : { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

type RunStep = (feeds: StepFeeds, moment: Moment) => Promise<StepResult>;

interface Course {
  readonly curve: readonly EpochRecord[];
  /** Sums and record of the epoch in which it ended, where that one is not complete. */
  readonly sums: EpochSums;
  readonly open: readonly EpochRecord[];
}

const noSums: EpochSums = { loss: 0, correct: 0, count: 0 };

async function runSteps(
  options: TrainOptions,
  plan: StepPlan,
  runStep: RunStep,
  save: () => Promise<SavedState>,
): Promise<Course> {
  const curve: EpochRecord[] = [...(options.from?.curve ?? [])];
  let sums = options.from?.open ?? noSums;
  let open: EpochRecord | undefined;
  for (let step = options.from?.steps ?? 0; step < plan.until; ) {
    const pass = plan.passes.find(({ end }) => step < end)!;
    const end = Math.min(plan.until, pass.end);
    sums = await runEpoch(options, plan, { pass, step, end, sums }, runStep);
    const record = recordOf(options, plan, pass.epoch, end, sums);
    if (end === pass.end) {
      curve.push(record);
      sums = noSums;
      if (end < plan.until) await options.epochEnded?.(async () => ({ ...(await save()), curve: [...curve], open: noSums }));
    } else open = record;
    step = end;
  }
  return { curve, sums, open: open ? [open] : [] };
}

interface Span {
  readonly pass: Pass;
  /** Of the whole training: the first step to take, and the first to leave. */
  readonly step: number;
  readonly end: number;
  /** Of the epoch's steps before. */
  readonly sums: EpochSums;
}

async function runEpoch(options: TrainOptions, plan: StepPlan, span: Span, runStep: RunStep): Promise<EpochSums> {
  const { recipe, hooks } = options;
  const { labelSmoothing } = recipe;
  const { epoch } = span.pass;
  let [step, sums] = [span.step, span.sums];
  for (const batch of epochBatches(options, span)) {
    hooks.checkpoint();
    const learningRate = restartedRateAt(recipe, step, plan.ends);
    const extra = rowsOf(options.perImage ?? {}, batch.images);
    step++;
    const moment = { step, steps: plan.steps };
    const result = await runStep({ x: batch.x, labels: batch.labels, labelSmoothing, learningRate, extra }, moment);
    if (!Number.isFinite(result.loss))
      throw diverged(recipe, epoch, `the loss was ${result.loss} in step ${step} of ${plan.steps}`);
    sums = {
      loss: sums.loss + result.loss * batch.count,
      correct: sums.correct + result.correct,
      count: sums.count + batch.count,
    };
    const means = { loss: sums.loss / sums.count, accuracy: sums.correct / sums.count };
    hooks.progress({ stage: 'train', done: step, total: plan.until, epoch, epochs: plan.passes.length, ...means });
  }
  return sums;
}

const recordOf = (options: TrainOptions, plan: StepPlan, epoch: number, end: number, sums: EpochSums): EpochRecord => ({
  epoch,
  loss: sums.loss / sums.count,
  trainAccuracy: sums.correct / sums.count,
  learningRate: restartedRateAt(options.recipe, end - 1, plan.ends),
});

/** The batches of a part of an epoch. Those before are made and left out: every image draws its own augmentation. */
function* epochBatches({ dataset, recipe, seed }: TrainOptions, { pass, step, end }: Span): Iterable<Batch> {
  const { shape, normalization, train: split } = dataset;
  const { batchSize, augment } = recipe;
  const rng = createRng(seed, 'batches', pass.epoch);
  const among = pass.images ? { images: pass.images } : {};
  const limit = (end - pass.first) * batchSize;
  let next = pass.first;
  for (const batch of trainBatches({ split, shape, normalization, batchSize, augment, rng, limit, ...among })) {
    if (next++ >= step) yield batch;
  }
}

function diverged(recipe: TrainRecipe, epoch: number, what: string): NasError {
  const { learningRate } = recipe;
  return new NasError('DIVERGED', `training diverged: ${what}. A lower learning rate than ${learningRate} may help.`, {
    facts: { learningRate, epoch },
    exitCode: exitCodes.failure,
  });
}
