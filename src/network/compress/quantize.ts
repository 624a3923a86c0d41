import type { Site } from '../../core/catalog.ts';
import { exitCodes, NasError } from '../../core/errors.ts';
import { elementCount, type Graph, type Node } from '../ir/graph.ts';
import { type Layer, layersOf } from '../ir/layers.ts';
import { readFloat, readInt } from '../ir/ops/support/attributes.ts';
import { emitQdq, type LayerEmission } from './quantize/emit.ts';
import { dynamicLayer, floatLayer, integerLayer, type LayerParameters } from './quantize/layers.ts';
import { type IntegerLayout, integerLayout } from './quantize/layout.ts';
import { type Affine, activationScale, blocksOf, groupSize, quantizeWeight } from './quantize/parameters.ts';
import { type BySite, defineTechnique, type Knobs, mapSites, type SettingsOf, type Statistics } from './technique.ts';

/**
 * Weights stay in [−64, 64], half of what int8 holds. CPUs without VNNI instructions add two products uint8·int8 in 16
 * bits, which saturates: 2·255·127 > 32767, but 2·255·64 is not. A file must give the same answers on every CPU.
 *
 * Measured on such a CPU (AVX2) with a trained ResNet-8 (Fashion-MNIST, float accuracy .8734, relative error of the
 * logits against float): ±127 per channel, whose integer kernels differ by .12 from the same file computed in floats:
 * error .123, accuracy .8669; ±64: .029 and .8733, the kernels exact to .0006. uint8 weights do not saturate
 * (.018, .8738), but run 1.4 times slower, slower than float at batch 1. Sizes are equal.
 */
const weightLimit = 64;

const knobs = {
  bits: {
    kind: 'choice',
    values: [2, 3, 4, 8, 32],
    default: 32,
    off: 32,
    summary: 'Bits of the weights in the file; 32 stays float.',
  },
  mode: {
    kind: 'choice',
    values: ['static', 'dynamic', 'weight-only'],
    default: 'static',
    summary:
      'static: activations are 8-bit too, with ranges measured on calibration data. dynamic: with the range of every run (dense layers only). weight-only: they stay float.',
  },
  weights: {
    kind: 'choice',
    values: ['per-channel', 'per-tensor'],
    default: 'per-channel',
    summary: 'One scale for every output channel of the weights, or one for all: less accurate, a little smaller.',
  },
  group: {
    kind: 'number',
    min: 0,
    max: 4096,
    integer: true,
    default: 0,
    summary: 'weight-only: one scale for so many weights of a channel (rounded up to a divisor of their number); 0: for all.',
  },
} as const satisfies Knobs;

type Settings = SettingsOf<typeof knobs>;

/** What a mode is, apart from how a layer is written. */
interface Mode {
  /** Whether the layer reads and writes activations in integers of a fixed range. */
  readonly integerActivations: boolean;
  /** Largest code of 8-bit weights. */
  readonly limit: number;
  readonly emission: (parameters: LayerParameters, inputScale: number) => LayerEmission;
}

const modes: Readonly<Record<Settings['mode'], Mode>> = {
  static: { integerActivations: true, limit: weightLimit, emission: integerLayer },
  dynamic: { integerActivations: false, limit: weightLimit, emission: dynamicLayer },
  'weight-only': { integerActivations: false, limit: 127, emission: floatLayer },
};

/**
 * Quantization after training (Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference): symmetric integer weights; uint8 activations with int32 biases where the mode
 * computes in integers. Weights of less than 8 bits are stored so, and computed in 8 bits or floats.
 */
export const quantize = defineTechnique({
  name: 'quantize',
  summary: 'Store layers in 8 bits or fewer, and compute them in 8-bit integers where the mode says so.',
  stage: 'quantize',
  knobs,
  sites: (graph) => quantizableLayers(graph).map(({ name, node }) => siteOf(name, node)),
  needs: (graph, settings) => [...new Set(layoutOf(graph, settings).scaleOf.values())],

  /** Knobs that mean nothing in a mode stand at their default in it. */
  canonical(graph, settings) {
    const layers = new Map(quantizableLayers(graph).map((layer) => [layer.name, layer]));
    return mapSites(settings, (name, own) => {
      const { weight, outputAxis } = layers.get(name)!;
      const { shape } = graph.types[weight]!;
      const inputs = elementCount(shape) / shape[outputAxis]!;
      const size = own.mode === 'weight-only' ? groupSize(inputs, own.group) : inputs;
      return size === inputs ? { ...own, group: 0 } : { ...own, group: size, weights: 'per-channel' };
    });
  },

  finalize(graph, settings, statistics) {
    const layout = layoutOf(graph, settings);
    const scales = new Map([...new Set(layout.scaleOf.values())].map((value) => [value, scaleOf(value, layout, statistics)]));
    const layers = new Map<Node, LayerEmission>();
    for (const layer of quantizableLayers(graph)) {
      const chosen = settings[layer.name];
      if (chosen)
        layers.set(layer.node, emissionOf(graph, layer, chosen, scales.get(layout.scaleOf.get(layer.node.inputs[0]!) ?? '')));
    }
    return emitQdq(graph, layout, scales, layers);
  },
});

/** A Conv has no kernel for ranges of every run that is worth it (measured: ten times slower than floats). */
const siteOf = (name: string, node: Node): Site =>
  node.op === 'Conv' ? { name, layers: [name], allowed: { mode: ['static', 'weight-only'] } } : { name, layers: [name] };

/** Conv and Gemm whose bias, where they have one, is a constant vector. */
function quantizableLayers(graph: Graph): readonly Layer[] {
  return layersOf(graph).filter(({ node }) => {
    const bias = node.inputs[2];
    const plain = readFloat(node, 'alpha', 1) === 1 && readFloat(node, 'beta', 1) === 1 && readInt(node, 'transA', 0) === 0;
    return node.op !== 'MatMul' && plain && (!bias || graph.initializers[bias]?.shape.length === 1);
  });
}

const layoutOf = (graph: Graph, settings: BySite<Settings>): IntegerLayout =>
  integerLayout(
    graph,
    new Set(
      quantizableLayers(graph).flatMap(({ name }) => {
        const chosen = settings[name];
        return chosen && modes[chosen.mode].integerActivations ? [name] : [];
      }),
    ),
  );

/** Where the range has to clip like a Relu it starts at 0, whatever was measured. */
function scaleOf(value: string, { clips }: IntegerLayout, statistics: Statistics): Affine {
  const range = statistics[value];
  if (!range || !Number.isFinite(range.min) || !Number.isFinite(range.max)) {
    const found = range ? `${range.min} to ${range.max}` : 'none';
    throw new NasError('COMPRESS_STATISTICS', `quantize needs the range of "${value}", but calibration gave ${found}.`, {
      facts: { value },
      exitCode: exitCodes.failure,
    });
  }
  const clipped = [...clips].some((relu) => relu.outputs[0] === value);
  return activationScale(clipped ? { min: 0, max: range.max } : range);
}

/** int32 sums must hold the bias and the products beside it. */
const biasLimit = 2 ** 30;

function emissionOf(graph: Graph, layer: Layer, settings: Settings, input: Affine | undefined): LayerEmission {
  const { node, weight, outputAxis } = layer;
  const { bits, weights, group } = settings;
  const mode = modes[settings.mode];
  const tensor = graph.initializers[weight]!;
  const bias = node.inputs[2] ? (graph.initializers[node.inputs[2]]!.data as Float32Array) : undefined;
  const blocks = blocksOf(tensor, outputAxis, { perChannel: weights === 'per-channel', group });
  const inputScale = input?.scale ?? 1;
  // A channel with tiny weights must not push its int32 bias out of range.
  const largest = (block: number) => Math.abs((weights === 'per-channel' ? bias?.[block] : bias && largestOf(bias)) ?? 0);
  const least = mode.integerActivations ? (block: number) => largest(block) / (inputScale * biasLimit) : () => 0;
  const limit = Math.min(mode.limit, 2 ** (bits - 1) - 1);
  return mode.emission({ weight: quantizeWeight(tensor, blocks, { bits, limit, least }), axis: outputAxis, bias }, inputScale);
}

const largestOf = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
