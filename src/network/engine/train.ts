import { exitCodes, NasError } from '../../core/errors.ts';
import { createRng } from '../../core/rng.ts';
import type { OptimizerOptions } from '../autodiff/optimizers/index.ts';
import { buildTrainStep } from '../autodiff/train-step.ts';
import { type Batch, trainBatchCount, trainBatches } from '../data/batches.ts';
import type { Dataset } from '../data/dataset.ts';
import { encode } from '../ir/bytes/encode.ts';
import type { Graph } from '../ir/graph.ts';
import { withBatch } from '../ir/passes/with-batch.ts';
import type { EngineHooks } from './hooks.ts';
import { lower } from './lowering/index.ts';
import { learningRateAt, type TrainRecipe } from './recipe.ts';
import { withSession } from './session.ts';
import { type StepFeeds, type StepResult, TrainState } from './train-state.ts';

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
}

/** Share of BatchNormalization's running statistics that a step keeps. */
const batchNormMomentum = 0.9;

/**
 * Trains a model by one session run per step.
 *
 * @throws NasError DIVERGED where loss or weights become NaN or infinite; DATA_BATCH where there is no full batch; what
 * `checkpoint` throws.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { graph, recipe, threads = 1 } = options;
  const startedAt = performance.now();
  const step = buildTrainStep(withBatch(graph, recipe.batchSize), {
    optimizer: optimizerOptions(recipe),
    weightDecay: recipe.weightDecay,
    batchNormMomentum,
  });
  const state = new TrainState(graph, step);
  const bytes = encode(lower(step.graph, 'portable'));
  const plan = stepPlan(options);
  const curve = await withSession(bytes, { threads }, (session) =>
    runEpochs(options, plan, (feeds) => state.run(session, feeds)),
  );
  if (!state.isFinite()) throw diverged(recipe, curve.length, 'the weights are not finite after the last step');
  return {
    graph: state.trainedGraph(),
    curve,
    steps: plan.steps,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

const optimizerOptions = ({ optimizer, momentum, nesterov }: TrainRecipe): OptimizerOptions =>
  optimizer === 'sgd' ? { name: 'sgd', momentum, nesterov } : { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

interface StepPlan {
  readonly stepsPerEpoch: number;
  readonly steps: number;
}

/** Where the images do not fill one batch, one step is planned all the same: asking for its batch says so. */
function stepPlan({ dataset, recipe }: TrainOptions): StepPlan {
  const stepsPerEpoch = Math.max(1, trainBatchCount(dataset.train.count, recipe.batchSize));
  return { stepsPerEpoch, steps: Math.max(1, Math.round(recipe.epochs * stepsPerEpoch)) };
}

type RunStep = (feeds: StepFeeds) => Promise<StepResult>;

async function runEpochs(options: TrainOptions, plan: StepPlan, runStep: RunStep): Promise<EpochRecord[]> {
  const curve: EpochRecord[] = [];
  for (let first = 0; first < plan.steps; first += plan.stepsPerEpoch) {
    curve.push(await runEpoch(options, curve.length + 1, { first, steps: plan.steps }, runStep));
  }
  return curve;
}

interface Span {
  /** Number of the epoch's first step, from 0. */
  readonly first: number;
  /** Steps of the whole training. */
  readonly steps: number;
}

async function runEpoch(options: TrainOptions, epoch: number, { first, steps }: Span, runStep: RunStep): Promise<EpochRecord> {
  const { recipe, hooks } = options;
  const sum = { loss: 0, correct: 0, count: 0 };
  let step = first;
  let learningRate = 0;
  for (const batch of epochBatches(options, epoch, steps - first)) {
    hooks.checkpoint();
    learningRate = learningRateAt(recipe, step, steps);
    const { labelSmoothing } = recipe;
    const result = await runStep({ x: batch.x, labels: batch.labels, labelSmoothing, learningRate });
    step++;
    if (!Number.isFinite(result.loss)) throw diverged(recipe, epoch, `the loss was ${result.loss} in step ${step} of ${steps}`);
    sum.loss += result.loss * batch.count;
    sum.correct += result.correct;
    sum.count += batch.count;
    const means = { loss: sum.loss / sum.count, accuracy: sum.correct / sum.count };
    hooks.progress({ stage: 'train', done: step, total: steps, epoch, epochs: Math.ceil(recipe.epochs), ...means });
  }
  return { epoch, loss: sum.loss / sum.count, trainAccuracy: sum.correct / sum.count, learningRate };
}

function epochBatches({ dataset, recipe, seed }: TrainOptions, epoch: number, steps: number): Iterable<Batch> {
  const { shape, normalization, train: split } = dataset;
  const { batchSize, augment } = recipe;
  const rng = createRng(seed, 'batches', epoch);
  return trainBatches({ split, shape, normalization, batchSize, augment, rng, limit: steps * batchSize });
}

function diverged(recipe: TrainRecipe, epoch: number, what: string): NasError {
  const { learningRate } = recipe;
  return new NasError('DIVERGED', `training diverged: ${what}. A lower learning rate than ${learningRate} may help.`, {
    facts: { learningRate, epoch },
    exitCode: exitCodes.failure,
  });
}
