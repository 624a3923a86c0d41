import { createRng } from '../../core/rng.ts';
import { Builder } from '../ir/builder.ts';
import type { Graph, Tensor } from '../ir/graph.ts';
import { lastOfResolutions } from './resolutions.ts';
import { defineTechnique, networkSite, type PerImage } from './technique.ts';

/**
 * Hints (Romero et al. 2015, FitNets): at the end of every resolution the compressed network's features are to be those of the
 * trained dense one, averaged over a coarse grid. Where it has other channels a 1×1 convolution, trained with it and then left
 * out, turns its features into the teacher's: loss + weight · Σ over resolutions of E[(student − teacher)²] / E[teacher²].
 */
export const hint = defineTechnique({
  name: 'hint',
  summary: 'Train the features of every resolution towards those of the dense network.',
  stage: 'train',
  knobs: {
    weight: {
      kind: 'number',
      min: 0,
      max: 1000,
      default: 1,
      off: 0,
      summary:
        "Factor of the squared distance of the features, as a part of the teacher's own size, in the loss. Features are those of the images as they are: train without crops and flips.",
    },
    grid: {
      kind: 'choice',
      values: [1, 2, 4],
      default: 2,
      summary:
        'Features are averaged over so many by so many fields of the plane. Memory per training image grows with its square.',
    },
  },
  sites: (graph) => (lastOfResolutions(graph).size === 0 ? [] : [networkSite]),

  perImage(baseline, settings) {
    const { grid } = settings[networkSite.name]!;
    const features = ([size, value]: readonly [string, string]) => [inputOf(size), pooledOf(baseline, value, grid)] as const;
    return Object.fromEntries([...lastOfResolutions(baseline)].map(features));
  },

  auxiliary(graph, baseline) {
    const teacher = lastOfResolutions(baseline);
    const entries = [...lastOfResolutions(graph)].flatMap(([size, value]) => {
      const [own, wanted] = [graph.types[value], baseline.types[teacher.get(size) ?? '']].map((type) => type?.shape[1]);
      return wanted === undefined || own === wanted ? [] : [[regressorOf(size), drawn(size, wanted, own!)] as const];
    });
    return Object.fromEntries(entries);
  },

  objective(graph, settings, { b, loss }) {
    const { weight, grid } = settings[networkSite.name]!;
    const own = [...lastOfResolutions(graph)].filter(([size]) => b.types[inputOf(size)] !== undefined);
    return own.reduce((sum, [size, value]) => {
      const features = emitPooled(b, value, grid);
      const regressor = regressorOf(size);
      const student = b.types[regressor] ? b.op('Conv', [features, regressor], { kernel_shape: [1, 1] }) : features;
      const distance = b.op('Div', [meanSquare(b, b.op('Sub', [student, inputOf(size)])), emitSize(b, inputOf(size))]);
      return b.op('Add', [sum, b.op('Mul', [distance, b.scalar(weight)])]);
    }, loss);
  },
});

/** The input of the training step that holds the teacher's features, [N, C, grid, grid]. */
const inputOf = (size: string): string => `hint.${size}`;

/** [C of the teacher, C, 1, 1] */
const regressorOf = (size: string): string => `hint.${size}.regressor`;

function drawn(size: string, outputs: number, inputs: number): Tensor {
  const rng = createRng('hint', size);
  const data = Float32Array.from({ length: outputs * inputs }, () => rng.normal() / Math.sqrt(inputs));
  return { dtype: 'float32', shape: [outputs, inputs, 1, 1], data };
}

function pooledOf(baseline: Graph, value: string, grid: number): PerImage {
  const b = Builder.from(baseline);
  const pooled = emitPooled(b, value, grid);
  return { graph: b.build([pooled]), value: pooled };
}

/** [N, C, H, W] → [N, C, grid, grid]; a side that is not longer than that stays as it is. */
function emitPooled(b: Builder, value: string, grid: number): string {
  const sides = b.shape(value).slice(2);
  const strides = sides.map((side) => Math.max(1, Math.floor(side / grid)));
  const kernel = sides.map((side, axis) => (side <= grid ? 1 : side - (grid - 1) * strides[axis]!));
  if (kernel.every((side) => side === 1)) return value;
  return b.op('AveragePool', [value], { kernel_shape: kernel, strides });
}

const meanSquare = (b: Builder, value: string): string =>
  b.op('ReduceMean', [b.op('Mul', [value, value])], { axes: [0, 1, 2, 3], keepdims: 0 });

/** Keeps the distance to features that are 0 everywhere finite. */
const epsilon = 1e-12;

const emitSize = (b: Builder, value: string): string => b.op('Add', [meanSquare(b, value), b.scalar(epsilon)]);
