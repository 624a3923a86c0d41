import { NasError } from '../../core/errors.ts';
import type { Shape } from '../../network/ir/graph.ts';
import { spreadOut } from './dilation.ts';
import { type ConstantValue, type GraphNode, type GraphWriter, textOf, wholesOf } from './writer.ts';

/** A layer as Keras writes it down: what it is, its settings, the layers that it reads. */
interface Layer {
  readonly name: string;
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly Layer[];
  /** By Keras' name of them, in its order. */
  readonly weights: Readonly<Record<string, ConstantValue>>;
}

export interface LayersModel {
  /** `modelTopology` of a LayersModel. */
  readonly topology: object;
  readonly weights: readonly { readonly name: string; readonly shape: Shape; readonly dtype: 'float32' }[];
  readonly bytes: Uint8Array;
}

/**
 * The nodes of a GraphModel as layers of Keras, a functional model.
 *
 * @throws NasError TFJS_LAYER, naming the op and its node, where Keras has no layer that does the same.
 */
export function layersOf(writer: GraphWriter, outputs: readonly string[]): LayersModel {
  const conversion = new LayerConversion(writer);
  return conversion.model(outputs);
}

class LayerConversion {
  readonly #writer: GraphWriter;
  readonly #uses = new Map<string, number>();
  /** By the node whose value they make. */
  readonly #layers = new Map<string, Layer>();
  readonly #made: Layer[] = [];

  constructor(writer: GraphWriter) {
    this.#writer = writer;
    for (const input of writer.nodes.flatMap((node) => node.input ?? [])) this.#uses.set(input, (this.#uses.get(input) ?? 0) + 1);
    for (const node of writer.nodes) this.#convert(node);
  }

  model(outputs: readonly string[]): LayersModel {
    const reference = ({ name }: Layer) => [name, 0, 0];
    const layers = this.#made.map(({ name, kind, config, inputs }) => ({
      name,
      class_name: kind,
      config: { name, trainable: true, dtype: 'float32', ...config },
      inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [...reference(input), {}])],
    }));
    const config = {
      name: 'espalier',
      layers,
      input_layers: this.#made.filter(({ kind }) => kind === 'InputLayer').map(reference),
      output_layers: outputs.map((output) => reference(this.#layers.get(output)!)),
    };
    const weights = this.#made.flatMap((layer) =>
      Object.entries(layer.weights).map(([key, value]) => ({ name: `${layer.name}/${key}`, ...value })),
    );
    return {
      topology: { class_name: 'Model', config, keras_version: '2.15.0', backend: 'tensorflow' },
      weights: weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
      bytes: Buffer.concat(weights.map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength))),
    };
  }

  #convert(node: GraphNode): void {
    if (this.#constant(node.name)) return;
    const rule = rules[node.op];
    if (!rule) refuse(node, 'has no layer in Keras');
    const layer = rule({
      node,
      constant: (i) => this.#constant(node.input![i]!),
      layer: (i) => this.#layers.get(node.input![i]!) ?? refuse(node, 'reads a constant'),
      values: () => node.input!.map((name) => this.#layers.get(name)).filter((found) => found !== undefined),
      onlyUse: (i) => this.#uses.get(node.input![i]!) === 1,
      add: (kind, config, inputs, weights = {}) => this.#add(node.name, kind, config, inputs, weights),
      replace: (before, after) => this.#replace(before, after),
    });
    this.#layers.set(node.name, layer);
  }

  #add(wish: string, kind: string, config: Layer['config'], inputs: readonly Layer[], weights: Layer['weights']): Layer {
    const plain = wish.replaceAll('/', '_');
    const taken = this.#made.filter(({ name }) => name === plain || name.startsWith(`${plain}__`)).length;
    const layer = { name: taken === 0 ? plain : `${plain}__${taken}`, kind, config, inputs, weights };
    this.#made.push(layer);
    return layer;
  }

  #replace(before: Layer, after: Partial<Layer>): Layer {
    const layer = { ...before, ...after };
    this.#made.splice(this.#made.indexOf(before), 1, layer);
    return layer;
  }

  /** Constants, and codes times their scales, which lie along the last axes. */
  #constant(name: string): ConstantValue | undefined {
    const own = this.#writer.constant(name);
    if (own) return own;
    const node = this.#writer.nodes.find((each) => each.name === name);
    const [codes, scales] = node?.op === 'Mul' ? node.input!.map((input) => this.#writer.constant(input)) : [];
    if (!codes || !scales) return undefined;
    const values = Float32Array.from(codes.values, (code, i) => code * scales.values[i % scales.values.length]!);
    return { shape: codes.shape, values };
  }
}

function refuse({ name, op }: GraphNode, why: string): never {
  throw new NasError(
    'TFJS_LAYER',
    `a LayersModel cannot hold this model: ${op} at "${name}" ${why}. Take --format tfjs, a GraphModel, or choose a trial without 8-bit activations.`,
    { facts: { op, node: name } },
  );
}

interface Context {
  readonly node: GraphNode;
  /** What an input holds where it is constant. */
  readonly constant: (i: number) => ConstantValue | undefined;
  /** The layer of an input; refuses a constant. */
  readonly layer: (i: number) => Layer;
  /** The layers of all inputs that are no constants. */
  readonly values: () => readonly Layer[];
  /** Nobody else reads this input. */
  readonly onlyUse: (i: number) => boolean;
  readonly add: (kind: string, config: Layer['config'], inputs: readonly Layer[], weights?: Layer['weights']) => Layer;
  readonly replace: (before: Layer, after: Partial<Layer>) => Layer;
}

type LayerRule = (c: Context) => Layer;

const kernelOf = (c: Context): ConstantValue => c.constant(1) ?? refuse(c.node, 'has weights that are no constants');

const sides = (node: GraphNode, attribute: string) => wholesOf(node.attr[attribute]!).slice(1, 3) as [number, number];

function dilated({ shape, values }: ConstantValue, dilations: readonly [number, number]): ConstantValue {
  const spread = spreadOut({ shape, data: Float32Array.from(values) }, dilations);
  return { shape: spread.shape, values: spread.data };
}

const paddingOf = ({ attr }: GraphNode): string => textOf(attr['padding']!).toLowerCase();

const conv: LayerRule = (c) => {
  const { node } = c;
  const deep = node.op === 'DepthwiseConv2dNative';
  // Layers of TensorFlow.js leave out of account that a depthwise kernel is dilated.
  const kernel = deep ? dilated(kernelOf(c), sides(node, 'dilations')) : kernelOf(c);
  const [rows, columns, , last] = kernel.shape as [number, number, number, number];
  const config = {
    ...(deep ? { depth_multiplier: last } : { filters: last }),
    kernel_size: [rows, columns],
    strides: sides(node, 'strides'),
    dilation_rate: deep ? [1, 1] : sides(node, 'dilations'),
    padding: paddingOf(node),
    data_format: 'channels_last',
    activation: 'linear',
    use_bias: false,
  };
  return c.add(deep ? 'DepthwiseConv2D' : 'Conv2D', config, [c.layer(0)], { [deep ? 'depthwise_kernel' : 'kernel']: kernel });
};

const dense: LayerRule = (c) => {
  const kernel = kernelOf(c);
  return c.add('Dense', { units: kernel.shape[1]!, activation: 'linear', use_bias: false }, [c.layer(0)], { kernel });
};

const biased: ReadonlySet<string> = new Set(['Conv2D', 'DepthwiseConv2D', 'Dense']);

/** A constant per channel becomes the bias of the layer before it. */
const bias = (c: Context, before: Layer, at: number, constant: ConstantValue): Layer | undefined => {
  const fits =
    biased.has(before.kind) && !before.config['use_bias'] && c.onlyUse(at) && constant.values.length === channelsOf(before);
  if (!fits) return undefined;
  const flat = { shape: [constant.values.length], values: constant.values };
  return c.replace(before, { config: { ...before.config, use_bias: true }, weights: { ...before.weights, bias: flat } });
};

function channelsOf({ kind, config, weights }: Layer): number {
  const [kernel] = Object.values(weights);
  if (kind === 'DepthwiseConv2D') return kernel!.shape[2]! * kernel!.shape[3]!;
  return Number(config['filters'] ?? config['units']);
}

/** x · factor + shift, each a constant per channel: a batch normalization that normalizes nothing. */
function affine(c: Context, at: number, factor: ConstantValue | number, shift: ConstantValue | number): Layer {
  const counts = [factor, shift].map((each) => (typeof each === 'number' ? 1 : each.values.length));
  const channels = Math.max(...counts);
  const perChannel = [factor, shift].every((each) => typeof each === 'number' || each.values.length === (each.shape.at(-1) ?? 1));
  if (channels === 1 || !perChannel) refuse(c.node, 'joins a constant that is not one number per channel');
  const of = (each: ConstantValue | number): ConstantValue => ({
    shape: [channels],
    values: Float32Array.from({ length: channels }, (_, i) =>
      typeof each === 'number' ? each : each.values[i % each.values.length]!,
    ),
  });
  const weights = { gamma: of(factor), beta: of(shift), moving_mean: of(0), moving_variance: of(1) };
  return c.add('BatchNormalization', { axis: -1, epsilon: 0, momentum: 0.99, center: true, scale: true }, [c.layer(at)], weights);
}

/** Of two values a layer that joins them; of a value and a constant, what `constant` makes. */
const joined =
  (kind: string, constant: (c: Context, value: number, other: ConstantValue) => Layer): LayerRule =>
  (c) => {
    const at = [0, 1].find((i) => c.constant(i));
    return at === undefined ? c.add(kind, {}, c.values()) : constant(c, 1 - at, c.constant(at)!);
  };

const noConstants = (c: Context): never => refuse(c.node, 'joins a constant');

const add = joined('Add', (c, value, other) => bias(c, c.layer(value), value, other) ?? affine(c, value, 1, other));
const multiply = joined('Multiply', (c, value, other) => affine(c, value, other, 0));

const activation =
  (name: string): LayerRule =>
  (c) =>
    c.add('Activation', { activation: name }, [c.layer(0)]);

const clip: LayerRule = (c) => {
  const [low, high] = [1, 2].map((i) => c.constant(i)!.values[0]!);
  if (low !== 0) refuse(c.node, `keeps values above ${low}, not above 0`);
  return c.add('ReLU', high! > 3e38 ? {} : { max_value: high }, [c.layer(0)]);
};

const pad: LayerRule = (c) => {
  const [, , top, bottom, left, right] = Array.from(c.constant(1)!.values);
  const before = c.layer(0);
  if (c.constant(2)!.values[0] !== 0 && before.kind !== 'ReLU') refuse(c.node, 'pads with the lowest number there is');
  return c.add(
    'ZeroPadding2D',
    {
      padding: [
        [top, bottom],
        [left, right],
      ],
      data_format: 'channels_last',
    },
    [before],
  );
};

const pool =
  (kind: string): LayerRule =>
  (c) =>
    c.add(
      kind,
      {
        pool_size: sides(c.node, 'ksize'),
        strides: sides(c.node, 'strides'),
        padding: paddingOf(c.node),
        data_format: 'channels_last',
      },
      [c.layer(0)],
    );

const mean: LayerRule = (c) => {
  const axes = Array.from(c.constant(1)!.values).toSorted((a, b) => a - b);
  if (axes.join() !== '1,2') refuse(c.node, 'is no mean over pictures');
  const flat = c.add('GlobalAveragePooling2D', { data_format: 'channels_last' }, [c.layer(0)]);
  const kept = c.node.attr['_output_shapes'];
  if (!kept || !('list' in kept) || !('shape' in kept.list)) return flat;
  // What comes next asks for the count of channels: -1 would leave it open.
  const [shape] = kept.list.shape;
  return c.add('Reshape', { target_shape: shape!.dim.slice(1).map(({ size }) => Number(size)) }, [flat]);
};

const reshape: LayerRule = (c) => c.add('Reshape', { target_shape: Array.from(c.constant(1)!.values).slice(1) }, [c.layer(0)]);

const transpose: LayerRule = (c) => c.add('Permute', { dims: Array.from(c.constant(1)!.values).slice(1) }, [c.layer(0)]);

const concat: LayerRule = (c) => {
  const axis = c.constant(c.node.input!.length - 1)!.values[0]!;
  if (c.values().length !== c.node.input!.length - 1) refuse(c.node, 'joins a constant');
  return c.add('Concatenate', { axis }, c.values());
};

const input: LayerRule = (c) => {
  const shape = c.node.attr['shape'];
  const sizes = shape && 'shape' in shape ? shape.shape.dim.map(({ size }) => (size === '-1' ? null : Number(size))) : [];
  return c.add('InputLayer', { batch_input_shape: sizes, sparse: false }, []);
};

/** By the op of TensorFlow. */
const rules: Readonly<Record<string, LayerRule>> = {
  AddV2: add,
  AvgPool: pool('AveragePooling2D'),
  BiasAdd: add,
  ClipByValue: clip,
  ConcatV2: concat,
  Conv2D: conv,
  DepthwiseConv2dNative: conv,
  Identity: (c) => c.layer(0),
  MatMul: dense,
  Maximum: joined('Maximum', noConstants),
  MaxPool: pool('MaxPooling2D'),
  Mean: mean,
  Minimum: joined('Minimum', noConstants),
  Mul: multiply,
  PadV2: pad,
  Placeholder: input,
  Relu: (c) => c.add('ReLU', {}, [c.layer(0)]),
  Reshape: reshape,
  Sigmoid: activation('sigmoid'),
  Softmax: activation('softmax'),
  Tanh: activation('tanh'),
  Transpose: transpose,
};
