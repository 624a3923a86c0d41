import type { Attributes, Graph, Node, Tensor } from '../ir/graph.ts';
import { elementCount } from '../ir/graph.ts';
import { type Layer, layersOf } from '../ir/layers.ts';
import { readInts, readString } from '../ir/ops/support/attributes.ts';
import { readersOf, rebuild } from '../ir/rebuild.ts';
import { isZeros, zeros } from '../ir/zeros.ts';
import { changedGradients } from './channels/restate.ts';
import { byLevel } from './levels.ts';
import { type BySite, defineTechnique, type Knobs, mapSites, type SettingsOf } from './technique.ts';

const unchanged = 0;

const knobs = {
  size: {
    kind: 'choice',
    values: [unchanged, 1, 3, 5, 7],
    default: unchanged,
    off: unchanged,
    summary: "Side of the kernels of the stage's convolutions over more than one place; 0: as they are.",
  },
} as const satisfies Knobs;

type Settings = SettingsOf<typeof knobs>;

/**
 * Kernel size as an architecture's knob, for the convolutions of a stage: a smaller kernel is the centre of the one that was
 * trained, a larger one has it in its centre and zeros around it, which computes the same (Cai et al. 2020, Once for All,
 * elastic kernel size, without its learned transformation).
 */
export const kernel = defineTechnique({
  name: 'kernel',
  summary: "Give a stage's convolutions smaller or larger kernels; the weights are inherited.",
  stage: 'architecture',
  knobs,
  sites: (graph) =>
    stagesOf(graph).map((stage) => ({
      name: stage[0]!.name,
      layers: stage.map(({ name }) => name),
      allowed: { size: knobs.size.values.filter((size) => size === unchanged || stage.every((layer) => fits(layer, size))) },
    })),
  canonical: (graph, settings) => {
    const changed = new Set(chosen(graph, settings).map(({ site }) => site));
    return mapSites(settings, (site, own) => (changed.has(site) ? own : undefined));
  },
  rewrite: (graph, settings) => {
    const changed = new Map(chosen(graph, settings).map(({ layer, size }) => [layer.node, resizedNode(layer, size)]));
    const nodes = graph.nodes.map((node) => changed.get(node) ?? node);
    return rebuild(graph, { nodes, initializers: resizedKernels(graph, settings) });
  },
  restate: (graph, settings, findings) => {
    const resized = (each: Graph) => resizedKernels(each, settings, graph);
    return { ...findings, gradients: findings.gradients.map((batch) => changedGradients(graph, batch, resized)) };
  },
});

/** Convolutions with a square, odd kernel of their own of more than one place, that is padded alike on both sides. */
function stagesOf(graph: Graph): readonly (readonly Kernel[])[] {
  const readers = readersOf(graph);
  const kernels = layersOf(graph).flatMap((layer): Kernel[] => {
    const { node, weight } = layer;
    const sides = graph.types[weight]!.shape.slice(2);
    const pads = readInts(node, 'pads') ?? sides.flatMap(() => [0, 0]);
    const isSquare = sides.length > 0 && sides.every((side) => side === sides[0] && side % 2 === 1 && side > 1);
    const isEven = sides.every((_, axis) => pads[axis] === pads[axis + sides.length]);
    const plain = node.op === 'Conv' && readString(node, 'auto_pad', 'NOTSET') === 'NOTSET' && node.inputs[1] === weight;
    const alone = readers.get(weight)!.length === 1;
    return isSquare && isEven && plain && alone ? [{ ...layer, side: sides[0]!, pads }] : [];
  });
  return byLevel(graph, kernels, ({ node }) => node.outputs[0]!);
}

interface Kernel extends Layer {
  readonly side: number;
  readonly pads: readonly number[];
}

/** Padding that keeps the plane's size with a kernel of another side. */
function padsFor({ node, pads, side }: Kernel, size: number): readonly number[] {
  const dilations = readInts(node, 'dilations');
  return pads.map((pad, i) => pad + ((dilations?.[i % (pads.length / 2)] ?? 1) * (size - side)) / 2);
}

const fits = (layer: Kernel, size: number): boolean => padsFor(layer, size).every((pad) => pad >= 0);

interface Chosen {
  readonly site: string;
  readonly layer: Kernel;
  readonly size: number;
}

/** The layers whose kernels change. */
const chosen = (graph: Graph, settings: BySite<Settings>): readonly Chosen[] =>
  stagesOf(graph).flatMap((stage) => {
    const site = stage[0]!.name;
    const size = settings[site]?.size ?? unchanged;
    if (size === unchanged) return [];
    return stage.filter(({ side }) => side !== size).map((layer) => ({ site, layer, size }));
  });

function resizedNode(layer: Kernel, size: number): Node {
  const { node } = layer;
  const pads = padsFor(layer, size);
  const { pads: _, ...others } = node.attributes;
  const sides = Array.from({ length: pads.length / 2 }, () => size);
  const attributes: Attributes = { ...others, kernel_shape: { kind: 'ints', value: sides } };
  const padded = pads.some((pad) => pad > 0);
  return { ...node, attributes: padded ? { ...attributes, pads: { kind: 'ints', value: pads } } : attributes };
}

/** `values` has the tensors, `graph` the layers. */
function resizedKernels(values: Graph, settings: BySite<Settings>, graph = values): Graph['initializers'] {
  const changed = chosen(graph, settings).map(({ layer, size }) => [
    layer.weight,
    centred(values.initializers[layer.weight]!, size),
  ]);
  return { ...values.initializers, ...Object.fromEntries(changed) };
}

/** [K, C, side, side …] with its centre in the centre of a kernel of another side. */
function centred(tensor: Tensor, size: number): Tensor {
  const [outputs, inputs, ...sides] = tensor.shape as [number, number, ...number[]];
  const shape = [outputs, inputs, ...sides.map(() => size)];
  if (isZeros(tensor)) return zeros(tensor.dtype, shape);
  const shift = (size - sides[0]!) / 2;
  const source = tensor.data as Float32Array;
  const data = new Float32Array(elementCount(shape));
  const [inner, before] = [elementCount(shape.slice(2)), elementCount(sides)];
  for (let place = 0; place < before; place++) {
    const to = moved(place, sides, size, shift);
    if (to === undefined) continue;
    for (let filter = 0; filter < outputs * inputs; filter++) data[filter * inner + to] = source[filter * before + place]!;
  }
  return { ...tensor, shape, data };
}

/** A place of a kernel in one of another side; undefined where it lies outside of it. */
function moved(place: number, sides: readonly number[], size: number, shift: number): number | undefined {
  let [rest, to, stride] = [place, 0, 1];
  for (let axis = sides.length - 1; axis >= 0; axis--) {
    const along = (rest % sides[axis]!) + shift;
    if (along < 0 || along >= size) return undefined;
    to += along * stride;
    stride *= size;
    rest = Math.floor(rest / sides[axis]!);
  }
  return to;
}
