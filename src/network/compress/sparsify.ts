import type { Json } from '../../core/json.ts';
import type { Graph } from '../ir/graph.ts';
import { elementCount } from '../ir/graph.ts';
import { layersOf } from '../ir/layers.ts';
import { isZeros } from '../ir/zeros.ts';
import { cubicShare } from './schedule.ts';
import { stayCount, withinLines } from './sparse/select.ts';
import {
  byImportance,
  byMagnitude,
  chooseGone,
  importanceOf,
  patternAlong,
  patternOf,
  poolOf,
  type SparseSettings,
  targetsOf,
} from './sparse/targets.ts';
import { type Stored, weightsIn, withCounts } from './storage/stored.ts';
import { nonzeros } from './storage/write.ts';
import { type BySite, defineTechnique, mapSites, type Projection, type Weights } from './technique.ts';

/**
 * Unstructured pruning: single weights become 0 and stay 0 (Han et al. 2015, Learning both Weights and Connections).
 * They are stored compressed, so that the file is smaller; the kernels that run are those of the dense network.
 */
export const sparsify = defineTechnique({
  name: 'sparsify',
  summary: 'Set single weights to 0 and store the others only: a smaller file, not a faster network.',
  stage: 'sparsify',
  knobs: {
    sparsity: {
      kind: 'number',
      min: 0,
      max: 0.999,
      default: 0,
      off: 0,
      summary: "Fraction of the layer's weights that become 0; at least one stays.",
    },
    importance: {
      kind: 'choice',
      values: ['magnitude', 'taylor', 'random'],
      default: 'magnitude',
      summary: 'Which weights stay: the largest, those with the largest gradient × weight, or any (to compare with).',
    },
    block: {
      kind: 'number',
      min: 1,
      max: 64,
      integer: true,
      default: 1,
      summary: 'Of every so many weights in a row along the inputs equally many stay: 4 at sparsity 0.5 is 2:4. 1: anywhere.',
    },
    threshold: {
      kind: 'choice',
      values: ['layer', 'network'],
      default: 'layer',
      summary: 'Judge the layer on its own, or all layers that say network together, by one threshold.',
    },
    when: {
      kind: 'choice',
      values: ['before', 'gradual'],
      default: 'before',
      summary: 'Before fine-tuning at once; or more and more during its first two thirds, always the smallest weights.',
    },
  },
  sites: (graph) => {
    const targets = targetsOf(graph, Object.fromEntries(layersOf(graph).map(({ name }) => [name, anySettings])));
    return targets.map(({ layer: { name } }) => ({ name, layers: [name] }));
  },

  later: ({ when }) => when === 'gradual',
  remedies: ['gradual'],
  milder: (own, remedy) => (remedy === 'gradual' && own.when !== 'gradual' ? { ...own, when: 'gradual' } : own),

  canonical(graph, settings) {
    const targets = new Map(targetsOf(graph, settings).map((target) => [target.layer.name, target]));
    const pools = [...targets.values()].map(({ settings: own }) => poolOf(own));
    return mapSites(settings, (site, own) => {
      const target = targets.get(site);
      if (!target) return undefined;
      const { shape } = graph.initializers[target.layer.weight]!;
      const pattern = patternOf(target, { shape });
      if (stayCount(pattern) === elementCount(shape)) return undefined;
      const { block, stay } = withinLines(pattern);
      const all = block === 1 ? elementCount(shape) : block;
      const pool = poolOf(own);
      const alone = pool === undefined || pools.filter((other) => other === pool).length === 1;
      const threshold = alone ? 'layer' : 'network';
      return { ...own, block, sparsity: 1 - stay / all, importance: importanceOf(own), threshold };
    });
  },
  dependsOnValues: (own) => poolOf(own) !== undefined,
  asks: (_, settings) => ({
    gradients: Object.values(settings).some(({ importance, when }) => importance === 'taylor' && when === 'before'),
  }),

  rewrite(graph, settings, findings) {
    const now = mapSites(settings, (_, own) => (own.when === 'before' ? own : undefined));
    return withZeros(graph, now, byImportance(findings));
  },

  during(graph, settings) {
    const targets = targetsOf(graph, settings);
    const gradual = targets.filter(({ settings: own }) => own.when === 'gradual');
    return (first: Weights): Projection => {
      const gone = new Map(targets.map(({ layer }) => [layer.weight, zerosOf(first[layer.weight]!)]));
      return (weights, moment) => {
        const share = cubicShare(moment);
        const chosen = share === undefined ? [] : chooseGone(gradual, weights, graph.types, byMagnitude, share);
        for (const [name, marks] of chosen) gone.set(name, marks);
        for (const [name, marks] of gone) clear(weights[name]!, marks);
      };
    };
  },

  /** Where a training ended before its schedule did, what was still to go goes now. */
  finalize: (graph, settings) => withZeros(graph, settings, byMagnitude),

  store(graph, settings) {
    const weights = weightsIn(graph);
    const sparse = Object.entries(settings).flatMap(([site, own]) => {
      const stored = weights.get(site);
      return stored ? [{ ...stored, count: storedCount(stored, own) }] : [];
    });
    return withCounts(graph, sparse);
  },

  report(graph, settings) {
    const targets = targetsOf(graph, settings);
    const layers = targets.map((target) => {
      const tensor = graph.initializers[target.layer.weight]!;
      const size = elementCount(tensor.shape);
      return { name: target.layer.name, size, stay: stayCount(patternOf(target, tensor)), nonzeros: nonzeros(tensor.data) };
    });
    const sum = (of: (layer: (typeof layers)[number]) => number) => layers.reduce((total, layer) => total + of(layer), 0);
    const share = (part: number, whole: number) => 1 - part / whole;
    const all = sum(({ size }) => size);
    const byLayer = layers.map(({ name, size, stay, nonzeros: count }): [string, Json] => [
      name,
      { nominal: share(stay, size), real: share(count, size) },
    ]);
    return {
      nominal: share(
        sum(({ stay }) => stay),
        all,
      ),
      real: share(
        sum(({ nonzeros: count }) => count),
        all,
      ),
      layers: Object.fromEntries(byLayer),
    };
  },
});

const anySettings: SparseSettings = {
  sparsity: 0,
  importance: 'magnitude',
  block: 1,
  threshold: 'layer',
  when: 'before',
};

function withZeros(graph: Graph, settings: BySite<SparseSettings>, scoreOf: typeof byMagnitude): Graph {
  const targets = targetsOf(graph, settings).filter(({ layer }) => !isZeros(graph.initializers[layer.weight]!));
  const weights = Object.fromEntries(
    targets.map(({ layer }) => [layer.weight, graph.initializers[layer.weight]!.data as Float32Array]),
  );
  const changed = [...chooseGone(targets, weights, graph.types, scoreOf)].map(([name, marks]) => {
    const data = weights[name]!.slice();
    clear(data, marks);
    return [name, { ...graph.initializers[name]!, data }] as const;
  });
  return { ...graph, initializers: { ...graph.initializers, ...Object.fromEntries(changed) } };
}

const zerosOf = (weight: Float32Array): Uint8Array => Uint8Array.from(weight, (value) => (value === 0 ? 1 : 0));

function clear(weight: Float32Array, gone: Uint8Array): void {
  for (let i = 0; i < weight.length; i++) if (gone[i]) weight[i] = 0;
}

/** Of a layer on its own as many as its settings say, whatever rounding made of them; else those that are not 0. */
function storedCount({ tensor, axis }: Stored, own: SparseSettings): number {
  if (poolOf(own) !== undefined) return nonzeros(tensor.data);
  return stayCount(patternAlong({ shape: tensor.shape, axis }, own));
}
