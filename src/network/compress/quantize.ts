import type { Site } from '../../core/catalog.ts';
import { elementCount, type Graph, type Node, type Tensor } from '../ir/graph.ts';
import { type Layer, layersOf, wholeOf } from '../ir/layers.ts';
import { readFloat, readInt } from '../ir/ops/support/attributes.ts';
import { foldBatchNorm } from '../ir/passes/fold-batchnorm.ts';
import { isZeros } from '../ir/zeros.ts';
import { calibrated, computable, ownersOf, scaledValues } from './quantize/activations.ts';
import { correctedBias } from './quantize/bias.ts';
import { emitQdq, type LayerEmission } from './quantize/emit.ts';
import { clippedLayers, equalized, type Pair, pairsOf } from './quantize/equalize.ts';
import { type IntegerLayout, integerLayout } from './quantize/layout.ts';
import { type Affine, blocksOf, groupSize, quantizeWeight, realOf } from './quantize/parameters.ts';
import { effective, knobs, limitOf, modes, type Settings } from './quantize/settings.ts';
import { type Step, withFakeQuant, withoutFakeQuant } from './quantize/simulation.ts';
import { type BySite, defineTechnique, type Need, type Statistics } from './technique.ts';

/** In the order of what they give up: nothing, fast kernels, time to train again, most of the bytes saved. */
const remedies: Readonly<Record<string, (own: Settings) => Settings | undefined>> = {
  'per-channel': (own) => (own.weights === 'per-tensor' ? { ...own, weights: 'per-channel' } : own),
  'weight-only': (own) => (own.mode === 'weight-only' ? own : { ...own, mode: 'weight-only' }),
  qat: (own) => (own.mode === 'qat' ? own : { ...own, mode: 'qat' }),
  float: () => undefined,
};

/**
 * Quantization (Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference): symmetric integer weights; uint8 activations with int32 biases where the mode
 * computes in integers. Weights of less than 8 bits are stored so, and computed in 8 bits or floats. Where training feels
 * it, BatchNormalization stays as it is in training: a scale per channel is folded with the weights afterwards, which
 * leaves the integers as they were trained.
 */
export const quantize = defineTechnique({
  name: 'quantize',
  summary: 'Store layers in 8 bits or fewer, and compute them in 8-bit integers where the mode says so.',
  stage: 'quantize',
  knobs,
  sites: (graph) => {
    const clipped = clippedLayers(graph);
    return quantizableLayers(graph).map(({ name, node }) => siteOf(name, node, clipped.has(name)));
  },

  canonical(graph, settings) {
    const { trained, chosen, owners } = schemeOf(foldBatchNorm(graph), settings);
    const calibrating = new Set(owners.values());
    const equal = new Set(equalizedPairs(trained.graph, chosen).map(({ first }) => first.name));
    const split = new Set([...chosen.keys()].flatMap(({ name }) => (settings[name] ? [] : [wholeOf(name)])));
    const own = [...chosen].filter(([{ name }]) => settings[name]);
    return Object.fromEntries(
      own.map(([layer, asked]) => [
        layer.name,
        // The parts of a layer that was split differ in what a knob means to them.
        split.has(layer.name)
          ? asked
          : normalForm(trained.graph, layer, asked, { calibrates: calibrating.has(asked), equalizes: equal.has(layer.name) }),
      ]),
    );
  },

  numeric: ['calibration', 'step', 'bias', 'equalize'],

  later: () => true,

  /** The weights take the values that their integers stand for: what judges them afterwards, and trains them, begins from those. */
  early(graph, settings) {
    const { chosen } = schemeOf(graph, settings);
    const rounded = [...chosen].map(([layer, own]) => [layer.weight, roundedWeight(graph, layer, own)] as const);
    return { ...graph, initializers: { ...graph.initializers, ...Object.fromEntries(rounded) } };
  },

  prepare(graph, settings) {
    const { chosen } = schemeOf(graph, settings);
    return equalized(graph, equalizedPairs(graph, chosen));
  },

  needs(graph, settings) {
    const { layout, owners, chosen, trained } = schemeOf(graph, settings);
    const ranges = scaledValues(layout).filter((value) => !trained.values.has(value));
    const needs = ranges.map((value): Need => ({ value, histogram: owners.get(value)!.calibration !== 'minmax' }));
    const means = [...chosen].flatMap(([{ node }, { bias }]) => (bias === 'corrected' ? [node.inputs[0]!] : []));
    return [...needs, ...means.map((value): Need => ({ value, channelMeans: true }))];
  },

  remedies: Object.keys(remedies),
  milder: (settings, remedy) => remedies[remedy]?.(settings),

  simulates: ({ mode }) => modes[mode].simulated,

  simulate(graph, settings, statistics) {
    const { layout, owners, chosen } = schemeOf(foldBatchNorm(graph), settings);
    const values = scaledValues(layout).flatMap((value) => {
      const own = owners.get(value)!;
      if (!modes[own.mode].simulated || graph.outputs.includes(value)) return [];
      const { scale, zeroPoint } = calibrated(value, own, layout, statistics);
      const step = { scale: scalar(scale), low: -zeroPoint, high: 255 - zeroPoint, learned: own.step === 'learned' };
      return [[value, layout.integer.has(value) ? step : { ...step, onlyFor: kernelNames(layout) }] as const];
    });
    const weights = [...chosen].flatMap(([{ name }, own]) =>
      modes[own.mode].simulated ? [[name, weightStep(graph, name, own)] as const] : [],
    );
    return withFakeQuant(graph, { values: new Map(values), weights: new Map(weights) });
  },

  finalize(graph, settings, statistics) {
    const { layout, owners, chosen, trained } = schemeOf(graph, settings);
    const scaleOf = (value: string) => trained.values.get(value) ?? calibrated(value, owners.get(value)!, layout, statistics);
    const scales = computable(layout, new Map(scaledValues(layout).map((value) => [value, scaleOf(value)])));
    const layers = new Map<Node, LayerEmission>();
    for (const [layer, own] of chosen) {
      const input = scales.get(layout.scaleOf.get(layer.node.inputs[0]!) ?? '');
      layers.set(
        layer.node,
        emissionOf(trained.graph, layer, own, { input, steps: trained.weights.get(layer.name), statistics }),
      );
    }
    return emitQdq(trained.graph, layout, scales, layers);
  },
});

/** A Conv has no kernel for ranges of every run that is worth it (measured: ten times slower than floats). */
function siteOf(name: string, { op }: Node, isClipped: boolean): Site {
  const allowed = {
    ...(op === 'Conv' ? { mode: ['static', 'qat', 'weight-only'] } : {}),
    ...(isClipped ? { equalize: [false] } : {}),
  };
  return Object.keys(allowed).length === 0 ? { name, layers: [name] } : { name, layers: [name], allowed };
}

/** Layers whose bias, where they have one, is a constant with a number for every output. */
function quantizableLayers(graph: Graph): readonly Layer[] {
  return layersOf(graph).filter(({ node, weight, outputAxis }) => {
    const bias = node.inputs[2];
    const plain = readFloat(node, 'alpha', 1) === 1 && readFloat(node, 'beta', 1) === 1 && readInt(node, 'transA', 0) === 0;
    return plain && (!bias || graph.initializers[bias]?.shape.join() === String(graph.types[weight]!.shape[outputAxis]));
  });
}

/** The pairs whose first layer asks for it. Weights that training felt quantized stay as they were trained. */
function equalizedPairs(graph: Graph, chosen: ReadonlyMap<Layer, Settings>): readonly Pair[] {
  const settings = new Map([...chosen].map(([{ name }, own]) => [name, own]));
  return pairsOf(graph).filter(({ first, second }) => {
    const next = settings.get(second.name);
    return settings.get(first.name)?.equalize === true && !(next && modes[next.mode].simulated);
  });
}

/** What a layer's settings mean beside the others'. */
interface Effects {
  /** Whether a value follows its calibration. */
  readonly calibrates: boolean;
  /** Whether there is a layer to share out scales with. */
  readonly equalizes: boolean;
}

/** Knobs at their defaults that change nothing at this layer. */
function normalForm(
  graph: Graph,
  { node, weight, outputAxis }: Layer,
  own: Settings,
  { calibrates, equalizes }: Effects,
): Settings {
  const { shape } = graph.types[weight]!;
  const channels = shape[outputAxis]!;
  const inputs = elementCount(shape) / channels;
  const size = groupSize(inputs, own.group);
  return {
    ...own,
    group: size === inputs ? 0 : size,
    weights: channels === 1 ? knobs.weights.default : own.weights,
    calibration: calibrates ? own.calibration : knobs.calibration.default,
    bias: node.inputs[2] ? own.bias : knobs.bias.default,
    equalize: equalizes ? own.equalize : knobs.equalize.default,
  };
}

type Scheme = ReturnType<typeof findScheme>;

const knownSchemes = new WeakMap<Graph, { readonly settings: BySite<Settings>; readonly scheme: Scheme }>();

/** What is quantized how, in a folded network. `layout` and `chosen` are about `trained.graph`. A graph's latest is kept. */
function schemeOf(graph: Graph, settings: BySite<Settings>): Scheme {
  const known = knownSchemes.get(graph);
  if (known?.settings === settings) return known.scheme;
  const scheme = findScheme(graph, settings);
  knownSchemes.set(graph, { settings, scheme });
  return scheme;
}

function findScheme(graph: Graph, settings: BySite<Settings>) {
  const trained = withoutFakeQuant(graph);
  const chosen = new Map(
    quantizableLayers(trained.graph).flatMap((layer) => {
      const own = settings[layer.name] ?? settings[wholeOf(layer.name)];
      return own ? [[layer, effective(own)] as const] : [];
    }),
  );
  const integer = new Map(
    [...chosen].flatMap(([{ name }, own]) => (modes[own.mode].integerActivations ? [[name, own] as const] : [])),
  );
  const layout = integerLayout(trained.graph, new Set(integer.keys()));
  return { trained, chosen, layout, owners: ownersOf(trained.graph, layout, integer) };
}

const kernelNames = ({ kernels }: IntegerLayout): ReadonlySet<string> => new Set([...kernels].map(({ name }) => name));

const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

/** Where training begins with a layer's weights, BatchNormalization not folded. */
function weightStep(graph: Graph, name: string, own: Settings): Step {
  const { weight, outputAxis } = layersOf(graph).find((layer) => layer.name === name)!;
  const tensor = graph.initializers[weight]!;
  const limit = limitOf(own);
  const { scales } = quantizeWeight(tensor, blocksOf(tensor, outputAxis, { perChannel: true }), { bits: own.bits, limit });
  const scale: Tensor = { dtype: 'float32', shape: [scales.length], data: scales };
  return { scale, low: -limit, high: limit, axis: outputAxis, learned: own.step === 'learned' };
}

function roundedWeight(graph: Graph, { weight, outputAxis }: Layer, own: Settings): Tensor {
  const tensor = graph.initializers[weight]!;
  if (isZeros(tensor)) return tensor;
  const blocks = blocksOf(tensor, outputAxis, { perChannel: own.weights === 'per-channel', group: own.group });
  const real = realOf(quantizeWeight(tensor, blocks, { bits: own.bits, limit: limitOf(own) }));
  return { ...tensor, data: (tensor.data as Float32Array).map((_, i) => real(i)) };
}

/** int32 sums must hold the bias and the products beside it. */
const biasLimit = 2 ** 30;

interface LayerFacts {
  /** Of the layer's input, where it is integer. */
  readonly input: Affine | undefined;
  /** Scales of the weights that were trained. */
  readonly steps: Float32Array | undefined;
  readonly statistics: Statistics;
}

function emissionOf(graph: Graph, { node, weight, outputAxis }: Layer, own: Settings, facts: LayerFacts): LayerEmission {
  const mode = modes[own.mode];
  const perChannel = own.weights === 'per-channel';
  const tensor = graph.initializers[weight]!;
  const bias = node.inputs[2] ? (graph.initializers[node.inputs[2]]!.data as Float32Array) : undefined;
  const inputScale = facts.input?.scale ?? 1;
  // A channel with tiny weights must not push its int32 bias out of range.
  const largest = (block: number) => Math.abs((perChannel ? bias?.[block] : bias && largestOf(bias)) ?? 0);
  const quantized = quantizeWeight(tensor, blocksOf(tensor, outputAxis, { perChannel, group: own.group }), {
    bits: own.bits,
    limit: limitOf(own),
    least: mode.integerActivations ? (block) => largest(block) / (inputScale * biasLimit) : () => 0,
    ...(facts.steps ? { scales: facts.steps } : {}),
  });
  const means = own.bias === 'corrected' ? facts.statistics[node.inputs[0]!]?.channelMeans : undefined;
  const corrected = bias && means ? correctedBias(node, { tensor, quantized, axis: outputAxis, bias, means }) : bias;
  return mode.emission({ weight: quantized, axis: outputAxis, bias: corrected }, inputScale);
}

const largestOf = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
