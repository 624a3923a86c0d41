import { exitCodes, NasError } from '../../core/errors.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { type Layer, layersOf } from '../ir/layers.ts';
import { readFloat } from '../ir/ops/support/attributes.ts';
import { emitQdq, type QuantizedLayer } from './quantize/emit.ts';
import { type IntegerLayout, integerLayout } from './quantize/layout.ts';
import { type Affine, activationScale, quantizeWeight } from './quantize/parameters.ts';
import { type BySite, defineTechnique, type Statistics } from './technique.ts';

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

interface Settings {
  readonly bits: 8 | 32;
  readonly weights: 'per-channel' | 'per-tensor';
}

/**
 * Static INT8 quantization after training (Jacob et al. 2018, Quantization and Training of Neural Networks for
 * Efficient Integer-Arithmetic-Only Inference): uint8 activations with the range seen on calibration data, symmetric
 * int8 weights, int32 biases.
 */
export const quantize = defineTechnique({
  name: 'quantize',
  summary: 'Store and compute layers in 8-bit integers, with ranges measured on calibration data.',
  stage: 'quantize',
  knobs: {
    bits: { kind: 'choice', values: [8, 32], default: 32, off: 32, summary: 'Bits of weights and activations; 32 stays float.' },
    weights: {
      kind: 'choice',
      values: ['per-channel', 'per-tensor'],
      default: 'per-channel',
      summary: 'One scale for every output channel of the weights, or one for all: less accurate, a little smaller.',
    },
  },
  sites: (graph) => quantizableLayers(graph).map(({ name }) => ({ name, layers: [name] })),
  needs: (graph, settings) => [...new Set(layoutOf(graph, settings).scaleOf.values())],

  finalize(graph, settings, statistics) {
    const layout = layoutOf(graph, settings);
    const scales = new Map([...new Set(layout.scaleOf.values())].map((value) => [value, scaleOf(value, layout, statistics)]));
    const layers = new Map<Node, QuantizedLayer>();
    for (const layer of quantizableLayers(graph)) {
      const chosen = settings[layer.name];
      if (chosen)
        layers.set(layer.node, quantizedLayer(graph, layer, chosen, scales.get(layout.scaleOf.get(layer.node.inputs[0]!)!)!));
    }
    return emitQdq(graph, layout, scales, layers);
  },
});

/** Conv and Gemm whose bias, where they have one, is a constant vector. */
function quantizableLayers(graph: Graph): readonly Layer[] {
  return layersOf(graph).filter(({ node }) => {
    const bias = node.inputs[2];
    const plain = readFloat(node, 'alpha', 1) === 1 && readFloat(node, 'beta', 1) === 1;
    return node.op !== 'MatMul' && plain && (!bias || graph.initializers[bias]?.shape.length === 1);
  });
}

const layoutOf = (graph: Graph, settings: BySite<Settings>): IntegerLayout =>
  integerLayout(graph, new Set(quantizableLayers(graph).flatMap(({ name }) => (settings[name] ? [name] : []))));

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

function quantizedLayer(graph: Graph, { node, weight, outputAxis }: Layer, settings: Settings, input: Affine): QuantizedLayer {
  const bias = node.inputs[2] ? Array.from(graph.initializers[node.inputs[2]]!.data as Float32Array) : undefined;
  const quantized = quantizeWeight(graph.initializers[weight]!, outputAxis, {
    perChannel: settings.weights === 'per-channel',
    limit: weightLimit,
    bias: bias ?? [],
    inputScale: input.scale,
  });
  return { weight: quantized, axis: outputAxis, bias };
}
