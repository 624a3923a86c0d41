import type { Candidate } from '../../core/candidate.ts';
import type { Constraint, Goal, Metrics } from '../../core/objective.ts';
import { createRng } from '../../core/rng.ts';
import type { Parameter, Space } from '../space/space.ts';
import { type Problem, type ProblemDefinition, planKeyOf } from './problem.ts';
import { nonDominatedMetrics } from './quality.ts';

/**
 * Compression of a network that is a formula. Every layer costs bytes, and accuracy on its own, some far more than others:
 * bytes and losses simply add up, so the true front is known however large the space is.
 */
interface Layer {
  readonly name: string;
  readonly params: number;
  /** Part of the accuracy that is lost where nothing of the layer is left. */
  readonly sensitivity: number;
}

const keeps = [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1];
const bitWidths = [4, 8, 32];
/** Part of a layer's sensitivity that coarse numbers cost. */
const roundingLoss: Readonly<Record<number, number>> = { 4: 0.12, 8: 0.008, 32: 0 };
const denseAccuracy = 0.93;
const chance = 0.1;
const headerBytes = 2048;

/** Sizes come in steps of 16 bytes, so that the front stays short enough to be known exactly. */
function layersOf(count: number): Layer[] {
  const rng = createRng('compression problem');
  const raw = Array.from({ length: count }, (_, i) => ({
    name: `layer${i}`,
    params: 256 * (1 + rng.int(40)),
    weight: 0.02 + rng.uniform() ** 3,
  }));
  const total = raw.reduce((sum, { weight }) => sum + weight, 0);
  return raw.map(({ name, params, weight }) => ({ name, params, sensitivity: weight / total }));
}

const bytesOf = (layer: Layer, keep: number, bits: number): number => (layer.params * keep * bits) / 8;

const lossOf = (layer: Layer, keep: number, bits: number): number =>
  layer.sensitivity * Math.min(1, (1 - keep) ** 2 + roundingLoss[bits]!);

const metricsAt = (size: number, loss: number): Metrics => ({
  accuracy: chance + (denseAccuracy - chance) * (1 - loss),
  size,
});

export function compressionProblem(name: string, summary: string, count: number, constraints: readonly Constraint[]): Problem {
  const layers = layersOf(count);
  const space: Space = { parameters: layers.flatMap(parametersOf), fixed: { recipe: {}, techniques: {} } };
  const goal: Goal = {
    objectives: [
      { metric: 'accuracy', direction: 'maximize' },
      { metric: 'size', direction: 'minimize' },
    ],
    constraints,
  };
  const sum = (candidate: Candidate, term: (layer: Layer, keep: number, bits: number) => number): number =>
    layers.reduce(
      (total, layer) =>
        total + term(layer, Number(candidate[`${layer.name}/prune.keep`]), Number(candidate[`${layer.name}/quantize.bits`])),
      0,
    );
  const sizeOf = (candidate: Candidate) => headerBytes + sum(candidate, bytesOf);
  const dense = headerBytes + layers.reduce((total, layer) => total + bytesOf(layer, 1, 32), 0);
  const smallest = headerBytes + layers.reduce((total, layer) => total + bytesOf(layer, keeps[0]!, bitWidths[0]!), 0);
  return {
    name,
    summary,
    space,
    goal,
    keyOf: planKeyOf(space),
    measure: (candidate) => metricsAt(sizeOf(candidate), sum(candidate, lossOf)),
    predict: (candidate) => ({ size: sizeOf(candidate) }),
    seconds: (candidate) => 0.5 + (1.5 * sizeOf(candidate)) / dense,
    anchors: uniformSettings.map(([keep, bits]) => uniform(layers, keep, bits)),
    front: nonDominatedMetrics(trueFront(layers), goal),
    box: { best: { accuracy: denseAccuracy, size: smallest }, worst: { accuracy: chance, size: dense } },
    logScale: ['size'],
  };
}

function parametersOf({ name: site }: Layer): Parameter[] {
  const knob = (technique: string, knob: string, values: readonly number[], off: number): Parameter => ({
    name: `${site}/${technique}.${knob}`,
    domain: { kind: 'choice', values, ordered: true },
    target: { kind: 'technique', technique, site, knob },
    off,
  });
  return [knob('prune', 'keep', keeps, 1), knob('quantize', 'bits', bitWidths, 32)];
}

/** As every study of a network starts: the dense one, then the same setting in all layers. */
const uniformSettings = [
  [1, 32],
  [1, 8],
  [0.75, 8],
  [0.5, 8],
  [0.5, 32],
  [0.25, 8],
  [1, 4],
  [0.125, 4],
] as const;

const uniform = (layers: readonly Layer[], keep: number, bits: number): Candidate =>
  Object.fromEntries(
    layers.flatMap(({ name }) => [
      [`${name}/prune.keep`, keep],
      [`${name}/quantize.bits`, bits],
    ]),
  );

/** Layer by layer: since costs add up, a front of all layers is made of points on the front of all but the last. */
function trueFront(layers: readonly Layer[]): Metrics[] {
  let front = [{ size: headerBytes, loss: 0 }];
  for (const layer of layers) {
    const options = keeps.flatMap((keep) =>
      bitWidths.map((bits) => ({ size: bytesOf(layer, keep, bits), loss: lossOf(layer, keep, bits) })),
    );
    front = cheapest(
      front.flatMap((point) => options.map(({ size, loss }) => ({ size: point.size + size, loss: point.loss + loss }))),
    );
  }
  return front.map(({ size, loss }) => metricsAt(size, loss));
}

interface Cost {
  readonly size: number;
  readonly loss: number;
}

/** The least loss at each size, where it beats all smaller sizes. */
function cheapest(points: readonly Cost[]): Cost[] {
  const bySize = new Map<number, number>();
  for (const { size, loss } of points) bySize.set(size, Math.min(loss, bySize.get(size) ?? Number.POSITIVE_INFINITY));
  let least = Number.POSITIVE_INFINITY;
  return [...bySize]
    .sort(([a], [b]) => a - b)
    .flatMap(([size, loss]) => {
      if (loss >= least) return [];
      least = loss;
      return [{ size, loss }];
    });
}

const layerCount = 12;

const free = {
  name: 'compression',
  summary: `accuracy against bytes of a simulated network; keep and bits of ${layerCount} layers`,
};
const bound = { name: 'compression-constrained', summary: 'the same within narrow bounds: few candidates are feasible' };

export const compressionProblems: readonly ProblemDefinition[] = [
  { ...free, create: () => compressionProblem(free.name, free.summary, layerCount, []) },
  {
    ...bound,
    create: () =>
      compressionProblem(bound.name, bound.summary, layerCount, [
        { metric: 'accuracy', op: '>=', bound: 0.8 },
        { metric: 'size', op: '<=', bound: 70_000 },
      ]),
  },
];
