import { Builder } from '../ir/builder.ts';
import type { Graph } from '../ir/graph.ts';
import { lastOfResolutions } from './resolutions.ts';
import { defineTechnique, networkSite, type PerImage } from './technique.ts';

/**
 * Attention transfer (Zagoruyko and Komodakis 2017, Paying More Attention to Attention, activation-based): the compressed
 * network looks where the trained dense one looks, at the end of every resolution. Channels need not be equally many:
 * loss + weight · Σ over resolutions of the mean over the batch of ‖map(student) − map(teacher)‖².
 */
export const attention = defineTechnique({
  name: 'attention',
  summary: 'Train the activations of every resolution to be strong where those of the dense network are.',
  stage: 'train',
  knobs: {
    weight: {
      kind: 'number',
      min: 0,
      max: 1000,
      default: 1,
      off: 0,
      summary:
        'Factor of the squared distance of the maps, from 0 to 2 per resolution, in the loss. The maps are those of the images as they are: train without crops and flips.',
    },
  },
  sites: (graph) => (lastOfResolutions(graph).size === 0 ? [] : [networkSite]),
  perImage: (baseline) =>
    Object.fromEntries([...lastOfResolutions(baseline)].map(([size, value]) => [inputOf(size), mapsOf(baseline, value)])),

  objective(graph, settings, { b, loss }) {
    const weight = b.scalar(settings[networkSite.name]!.weight);
    const own = [...lastOfResolutions(graph)].filter(([size]) => b.types[inputOf(size)] !== undefined);
    return own.reduce((sum, [size, value]) => {
      const difference = b.op('Sub', [emitMap(b, value), inputOf(size)]);
      const perImage = b.op('ReduceSum', [b.op('Mul', [difference, difference]), b.ints([1])], { keepdims: 0 });
      const distance = b.op('ReduceMean', [perImage], { axes: [0], keepdims: 0 });
      return b.op('Add', [sum, b.op('Mul', [distance, weight])]);
    }, loss);
  },
});

/** The input of the training step that holds the teacher's maps, [N, H · W]. */
const inputOf = (size: string): string => `attention.${size}`;

function mapsOf(baseline: Graph, value: string): PerImage {
  const b = Builder.from(baseline);
  const map = emitMap(b, value);
  return { graph: b.build([map]), value: map };
}

/** Keeps the norm of a map that is 0 everywhere, and its gradient, finite. */
const epsilon = 1e-12;

/** [N, C, H, W] → [N, H · W]: squares averaged over the channels, every image's map of length 1. */
function emitMap(b: Builder, value: string): string {
  const energy = b.op('ReduceMean', [b.op('Mul', [value, value])], { axes: [1], keepdims: 0 });
  const flat = b.op('Flatten', [energy], { axis: 1 });
  const squares = b.op('ReduceSum', [b.op('Mul', [flat, flat]), b.ints([1])], { keepdims: 1 });
  return b.op('Div', [flat, b.op('Sqrt', [b.op('Add', [squares, b.scalar(epsilon)])])]);
}
