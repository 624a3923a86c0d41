import { NasError } from '../../../core/errors.ts';
import { createRng } from '../../../core/rng.ts';
import type { Graph, Tensor } from '../../ir/graph.ts';
import { elementCount } from '../../ir/graph.ts';
import { inputAxisOf, type Layer, layersOf } from '../../ir/layers.ts';
import type { BySite, Findings } from '../technique.ts';
import { markLowest, type Pattern, selectLowest } from './select.ts';

export interface SparseSettings {
  readonly sparsity: number;
  readonly importance: 'magnitude' | 'taylor' | 'random';
  readonly block: number;
  readonly threshold: 'layer' | 'network';
  readonly when: 'before' | 'gradual';
}

/** A layer whose weights are made sparse. */
export interface Target {
  readonly layer: Layer;
  readonly settings: SparseSettings;
}

/** The layers of a float network that have settings and are still there; one of those that share their weights. */
export function targetsOf(graph: Graph, settings: BySite<SparseSettings>): readonly Target[] {
  const seen = new Set<string>();
  return layersOf(graph).flatMap((layer) => {
    const own = settings[layer.name];
    if (!own || seen.has(layer.weight) || graph.initializers[layer.weight]!.dtype !== 'float32') return [];
    seen.add(layer.weight);
    return [{ layer, settings: own }];
  });
}

/**
 * What stays of a layer once `share` of what shall go is gone. At least one weight stays. Full blocks keep equally many.
 */
export const patternOf = ({ layer, settings }: Target, { shape }: Pick<Tensor, 'shape'>, share = 1): Pattern =>
  patternAlong({ shape, axis: inputAxisOf(layer) }, settings, share);

/** The same for weights whose axis of the inputs is known. */
export function patternAlong(
  { shape, axis }: Pick<Pattern, 'shape' | 'axis'>,
  { block, sparsity }: Pick<SparseSettings, 'block' | 'sparsity'>,
  share = 1,
): Pattern {
  const all = block === 1 ? elementCount(shape) : block;
  const gone = Math.min(all - 1, Math.round(sparsity * all));
  return { shape, axis, block, stay: all - Math.round(share * gone) };
}

/** What a weight is worth: the lowest go first. */
type Score = (target: Target, weight: ArrayLike<number>) => ArrayLike<number>;

export const byMagnitude: Score = (_, weight) => Float64Array.from(weight, Math.abs);

/**
 * Scores by what the settings say. Taylor: the squared change of the loss, to first order, if the weight were 0,
 * Σ (g·w)² over batches (Molchanov et al. 2019, Importance Estimation for Neural Network Pruning). Random: the control.
 */
export const byImportance =
  ({ gradients }: Findings): Score =>
  (target, weight) => {
    const { layer, settings } = target;
    if (settings.importance === 'magnitude') return byMagnitude(target, weight);
    if (settings.importance === 'random') {
      const rng = createRng('sparsify', layer.name);
      return Float64Array.from({ length: weight.length }, () => rng.uniform());
    }
    const scores = new Float64Array(weight.length);
    if (gradients.length === 0) throw noGradient(layer.name);
    for (const batch of gradients) {
      const gradient = batch[layer.weight];
      if (gradient?.length !== weight.length) throw noGradient(layer.name);
      for (let i = 0; i < scores.length; i++) scores[i]! += (gradient[i]! * weight[i]!) ** 2;
    }
    return scores;
  };

const noGradient = (layer: string) =>
  new NasError(
    'COMPRESS_FINDINGS',
    `sparsify at "${layer}": importance taylor needs the gradients of the dense layer's weights, and there are none: another technique may have put others in their place. Take magnitude there.`,
    { facts: { technique: 'sparsify', site: layer } },
  );

/**
 * The weights that go, 1 each, by the name of the initializer. Layers with the network's threshold are judged together:
 * what goes of all of them adds up, and each keeps its best weight at least.
 */
export function chooseGone(
  targets: readonly Target[],
  weights: Readonly<Record<string, ArrayLike<number>>>,
  shapes: Graph['types'],
  scoreOf: Score,
  share = 1,
): ReadonlyMap<string, Uint8Array> {
  const gone = new Map<string, Uint8Array>();
  const pools = new Map<string, Target[]>();
  for (const target of targets) {
    const { layer, settings } = target;
    const pattern = patternOf(target, shapes[layer.weight]!, share);
    const pool = poolOf(settings);
    if (pool === undefined) gone.set(layer.weight, selectLowest(scoreOf(target, weights[layer.weight]!), pattern));
    else pools.set(pool, [...(pools.get(pool) ?? []), target]);
  }
  for (const pool of pools.values()) {
    const scores = pool.map((target) => withoutBest(scoreOf(target, weights[target.layer.weight]!)));
    const marks = scores.map(({ length }) => new Uint8Array(length));
    const patterns = pool.map((target) => patternOf(target, shapes[target.layer.weight]!, share));
    const count = patterns.reduce((sum, { shape, stay }) => sum + elementCount(shape) - stay, 0);
    markLowest(scores, marks, count);
    for (const [i, { layer }] of pool.entries()) gone.set(layer.weight, marks[i]!);
  }
  return gone;
}

/** During training magnitudes alone are known. */
export const importanceOf = ({ when, importance }: SparseSettings): SparseSettings['importance'] =>
  when === 'gradual' ? 'magnitude' : importance;

/** Layers of one pool have scores that can be compared. Blocks are always judged one by one. */
export const poolOf = (settings: SparseSettings): string | undefined =>
  settings.threshold === 'network' && settings.block === 1 ? `${importanceOf(settings)} ${settings.when}` : undefined;

/** Scores with the highest out of reach. */
function withoutBest(scores: ArrayLike<number>): Float64Array {
  const copy = Float64Array.from(scores);
  copy[copy.indexOf(copy.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY))] = Number.POSITIVE_INFINITY;
  return copy;
}
