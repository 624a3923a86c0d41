import { NasError } from '../../core/errors.ts';
import { Builder } from '../ir/builder.ts';
import type { Graph, Shape, TensorType } from '../ir/graph.ts';
import { dtypeCodes, elementCount, tensorOf } from '../ir/graph.ts';
import { trainedNames, trainedVectors } from '../ir/trained.ts';
import { gradient } from './gradient.ts';
import { type OptimizerOptions, optimizerOf } from './optimizers/index.ts';
import { type BatchStatistics, trainMode } from './train-mode.ts';

/** Emits the loss, a scalar, from the logits [N, K] and the target [N, K]; returns its name. May add graph inputs. */
export type LossBuilder = (b: Builder, logits: string, target: string) => string;

/** The loss while it is put together; what is named are values of `b`, which holds the forward pass. */
export interface LossTerms {
  readonly b: Builder;
  /** [N, K] */
  readonly logits: string;
  /** [N, K], a distribution per row. */
  readonly target: string;
  /** [] */
  readonly loss: string;
}

export interface TrainStepOptions {
  readonly optimizer: OptimizerOptions;
  /** Of the parameters with two or more dimensions; biases and BatchNormalization are not decayed. */
  readonly weightDecay: number;
  /** Share of the running statistics that a step keeps. */
  readonly batchNormMomentum: number;
  /** Cross-entropy where left out. */
  readonly loss?: LossBuilder;
  /** Makes another loss of it, a scalar; returns its name. May add graph inputs. */
  readonly objective?: (terms: LossTerms) => string;
  /** Parameters that are trained beside the model's own, for the objective to read; by name. */
  readonly auxiliary?: Readonly<Record<string, TensorType>>;
}

/** Where a parameter or a statistic of the model graph lies in its flat vector. */
export interface Slot {
  readonly name: string;
  readonly shape: Shape;
  readonly offset: number;
  readonly size: number;
  readonly decay: boolean;
}

/**
 * One step of training as one graph.
 * Inputs: the model's own; `target` float32 [N, K], a distribution per row; `lr` []; `step` [], from 1; `theta` [P];
 * `states` [S], where there are any; one [P] per optimizer state.
 * Outputs: `loss` []; `correct` [], the number of samples where logits and target have their maximum at the same
 * class; `theta.next`; `states.next`, where there are any; `<optimizer state>.next`.
 */
export interface TrainStep {
  readonly graph: Graph;
  /** The layout of `theta`: decayed parameters first. */
  readonly parameters: readonly Slot[];
  /** The layout of `states`: mean and variance of every BatchNormalization. */
  readonly states: readonly Slot[];
  readonly optimizerStates: readonly string[];
}

/**
 * Forward, loss, gradients and update of a model graph with a static batch, whose first output is the logits.
 * The graph holds training ops (domain 'espalier') that a lowering expands.
 *
 * @throws NasError IR_GRADIENT where a parameter cannot be trained, IR_TRAIN where the model has no logits or parameters.
 */
export function buildTrainStep(graph: Graph, options: TrainStepOptions): TrainStep {
  const parameters = parameterSlots(graph, options.auxiliary ?? {});
  const { graph: model, statistics } = trainMode(graph);
  const states = stateSlots(graph, statistics);
  const optimizer = optimizerOf(options.optimizer);
  const optimizerStates = optimizer.states(options.optimizer);
  const b = new Builder(`${graph.name}.train`);
  declareInputs(b, graph, sizeOf(parameters), sizeOf(states), optimizerStates);
  addModel(b, model, parameters);
  const [logits] = graph.outputs as [string];
  addLoss(b, logits, options);
  addCorrect(b, logits);
  const theta = optimizer.update(
    {
      b,
      theta: 'theta',
      gradient: flatGradient(b, parameters),
      lr: 'lr',
      step: 'step',
      states: Object.fromEntries(optimizerStates.map((name) => [name, name])),
      decayed: sizeOf(parameters.filter((slot) => slot.decay)),
      weightDecay: options.weightDecay,
    },
    options.optimizer,
  );
  const running = states.length > 0 ? [addRunning(b, statistics, options.batchNormMomentum)] : [];
  const outputs = ['loss', 'correct', theta, ...running, ...optimizerStates.map((name) => `${name}.next`)];
  return { graph: b.build(outputs), parameters, states, optimizerStates };
}

/** Trained parameters, those with weight decay first; otherwise in the order in which the graph uses them. */
function parameterSlots(graph: Graph, auxiliary: Readonly<Record<string, TensorType>>): readonly Slot[] {
  const own = trainedNames(graph).filter((name) => graph.types[name]!.dtype === 'float32');
  const vectors = new Set(trainedVectors(graph));
  const types = { ...graph.types, ...auxiliary };
  const trained = [...own, ...Object.keys(auxiliary)];
  if (own.length === 0) throw new NasError('IR_TRAIN', `graph "${graph.name}" has no parameters to train`);
  const isDecayed = (name: string) => types[name]!.shape.length >= 2 && !vectors.has(name);
  const ordered = [...trained.filter(isDecayed), ...trained.filter((name) => !isDecayed(name))];
  return slots(types, ordered, isDecayed);
}

const stateSlots = (graph: Graph, statistics: readonly BatchStatistics[]): readonly Slot[] =>
  slots(
    graph.types,
    statistics.flatMap(({ runningMean, runningVar }) => [runningMean, runningVar]),
    () => false,
  );

function slots(types: Graph['types'], names: readonly string[], isDecayed: (name: string) => boolean): readonly Slot[] {
  let offset = 0;
  return names.map((name) => {
    const { shape } = types[name]!;
    const slot = { name, shape, offset, size: elementCount(shape), decay: isDecayed(name) };
    offset += slot.size;
    return slot;
  });
}

const sizeOf = (list: readonly Slot[]): number => list.reduce((sum, slot) => sum + slot.size, 0);

function declareInputs(
  b: Builder,
  graph: Graph,
  thetaSize: number,
  statesSize: number,
  optimizerStates: readonly string[],
): void {
  const logits = graph.types[graph.outputs[0] ?? ''];
  if (logits?.shape.length !== 2) throw new NasError('IR_TRAIN', `the first output of graph "${graph.name}" is no logits [N, K]`);
  const float = (name: string, shape: Shape) => b.input(name, { dtype: 'float32', shape });
  for (const { name, type } of graph.inputs) b.input(name, type);
  float('target', logits.shape);
  float('lr', []);
  float('step', []);
  float('theta', [thetaSize]);
  if (statesSize > 0) float('states', [statesSize]);
  for (const name of optimizerStates) float(name, [thetaSize]);
}

/** The model's nodes, reading their parameters as parts of theta under the parameters' own names. */
function addModel(b: Builder, model: Graph, parameters: readonly Slot[]): void {
  const trained = new Set(parameters.map((slot) => slot.name));
  for (const [name, tensor] of Object.entries(model.initializers)) if (!trained.has(name)) b.initializer(name, tensor);
  const flat = (slot: Slot) => (slot.shape.length === 1 ? slot.name : `${slot.name}.flat`);
  const parts = { name: 'theta.split', outputs: parameters.map(flat) };
  // Constants with names of their own: a parameter may be called as the builder calls its constants.
  const constant = (name: string, values: readonly number[]) => b.initializer(name, tensorOf('int64', [values.length], values));
  const sizes = constant(
    'theta.sizes',
    parameters.map(({ size }) => size),
  );
  b.multi('Split', ['theta', sizes], parameters.length, { axis: 0 }, parts);
  for (const slot of parameters) {
    if (flat(slot) !== slot.name)
      b.op('Reshape', [flat(slot), constant(`${slot.name}.shape`, slot.shape)], {}, { name: slot.name });
  }
  for (const node of model.nodes) b.add(node);
}

/** Cross-entropy under the name `loss`. */
const crossEntropy = (b: Builder, logits: string, loss: string): string =>
  b.multi(
    'SoftmaxCrossEntropy',
    [logits, 'target'],
    2,
    {},
    { domain: 'espalier', name: 'crossEntropy', outputs: [loss, 'logProbs'] },
  )[0]!;

/** The value `loss`, a scalar. */
function addLoss(b: Builder, logits: string, { loss: build, objective }: TrainStepOptions): void {
  const plain = build?.(b, logits, 'target') ?? crossEntropy(b, logits, objective ? 'loss.plain' : 'loss');
  const loss = objective?.({ b, logits, target: 'target', loss: plain }) ?? plain;
  if (loss !== 'loss') b.op('Identity', [loss], {}, { name: 'loss' });
}

function addCorrect(b: Builder, logits: string): void {
  const [predicted, wanted] = [logits, 'target'].map((value) => b.op('ArgMax', [value], { axis: 1, keepdims: 0 }));
  const hits = b.op('Cast', [b.op('Equal', [predicted!, wanted!])], { to: dtypeCodes.float32 });
  b.op('ReduceSum', [hits, b.ints([0])], { keepdims: 0 }, { name: 'correct' });
}

/** The gradient by theta, [P]. */
function flatGradient(b: Builder, parameters: readonly Slot[]): string {
  const gradients = gradient(
    b,
    'loss',
    parameters.map((slot) => slot.name),
  );
  const parts = parameters.map(({ name, shape, size }) => {
    const part = gradients[name]!;
    return shape.length === 1 ? part : b.op('Reshape', [part, b.ints([size])], {}, { name: `${name}.grad.flat` });
  });
  return b.op('Concat', parts, { axis: 0 }, { name: 'theta.grad' });
}

const filled = (count: number, value: number): number[] => Array.from({ length: count }, () => value);

/** running = momentum · running + (1 − momentum) · batch, with the unbiased variance, as PyTorch does. */
function addRunning(b: Builder, statistics: readonly BatchStatistics[], momentum: number): string {
  const parts = statistics.flatMap(({ batchMean, batchVar }) => [batchMean, batchVar]);
  const unbiased = statistics.flatMap(({ batchMean, count }) => {
    const channels = b.shape(batchMean)[0]!;
    return [...filled(channels, 1), ...filled(channels, count / Math.max(1, count - 1))];
  });
  const batch = b.op('Mul', [b.op('Concat', parts, { axis: 0 }), b.floats(unbiased)], {}, { name: 'states.batch' });
  const kept = b.op('Mul', ['states', b.scalar(momentum)]);
  return b.op('Add', [kept, b.op('Mul', [batch, b.scalar(1 - momentum)])], {}, { name: 'states.next' });
}
