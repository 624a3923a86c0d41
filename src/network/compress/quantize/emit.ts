import { Builder } from '../../ir/builder.ts';
import type { Graph, Node, Tensor } from '../../ir/graph.ts';
import { nonNegativeValues } from '../../ir/non-negative.ts';
import { deadCode } from '../../ir/passes/dead-code.ts';
import { isZeros } from '../../ir/zeros.ts';
import type { IntegerLayout } from './layout.ts';
import type { Affine } from './parameters.ts';

/** How a chosen layer is written. */
export interface LayerEmission {
  /** Whether it reads its input in integers (through DequantizeLinear), or in floats. */
  readonly integerInput: boolean;
  /** Adds the layer's nodes; `node` carries the names that its outputs must have, `x` is its input. */
  readonly emit: (b: Builder, node: Node, x: string) => void;
}

/**
 * Writes the graph with QuantizeLinear and DequantizeLinear around what is integer (the ONNX "QDQ" form): any runtime
 * can run it, and onnxruntime fuses each integer node with its neighbours into one kernel.
 */
export function emitQdq(
  graph: Graph,
  layout: IntegerLayout,
  scales: ReadonlyMap<string, Affine>,
  layers: ReadonlyMap<Node, LayerEmission>,
): Graph {
  const emitter = new QdqEmitter(graph, layout, scales);
  for (const node of graph.nodes) {
    const layer = layers.get(node);
    if (layer) emitter.layer(node, layer);
    else emitter.other(node);
  }
  return emitter.finish();
}

class QdqEmitter {
  private readonly graph: Graph;
  private readonly layout: IntegerLayout;
  private readonly scales: ReadonlyMap<string, Affine>;
  private readonly b: Builder;
  /** Values whose zero point is written even where it is 0: onnxruntime fuses a Gemm only then, any other node without. */
  private readonly withZeros: ReadonlySet<string>;
  private readonly nonNegative: ReadonlySet<string>;
  /** Results of integer products of matrices, as floats. */
  private readonly products: ReadonlySet<string>;
  /** Float form of a value, where it has another name than in the graph. */
  private readonly floats = new Map<string, string>();
  private readonly quantized = new Map<string, string>();
  private readonly dequantized = new Map<string, string>();
  private readonly constants = new Map<string, readonly string[]>();

  constructor(graph: Graph, layout: IntegerLayout, scales: ReadonlyMap<string, Affine>) {
    this.graph = graph;
    this.layout = layout;
    this.scales = scales;
    const gemms = graph.nodes.filter((node) => node.op === 'Gemm' && layout.kernels.has(node));
    this.withZeros = new Set(gemms.map((node) => layout.scaleOf.get(node.inputs[0]!)!));
    this.nonNegative = nonNegativeValues(graph);
    this.products = new Set(
      [...layout.kernels].flatMap(({ op, outputs }) => (op === 'MatMul' && !layout.integer.has(outputs[0]!) ? outputs : [])),
    );
    this.b = new Builder(graph.name);
    for (const { name, type } of graph.inputs) this.b.input(name, type);
    for (const [name, tensor] of Object.entries(graph.initializers)) this.b.initializer(name, tensor);
    this.b.reserve(graph.nodes.flatMap((node) => [node.name, ...node.outputs]));
  }

  layer(node: Node, { integerInput, emit }: LayerEmission): void {
    const x = node.inputs[0]!;
    const input = integerInput ? this.dequantize(x) : this.read(node, x);
    this.b.scope = `${node.name}/`;
    emit(this.b, this.withOutputs(node), input);
    this.b.scope = '';
  }

  other(node: Node): void {
    if (this.layout.clips.has(node)) this.floats.set(node.outputs[0]!, this.float(node.inputs[0]!));
    else if (this.layout.movers.has(node)) {
      const output = `${node.outputs[0]!}.q`;
      this.b.add({ ...node, inputs: [this.quantize(node.inputs[0]!)], outputs: [output] });
      this.quantized.set(node.outputs[0]!, output);
    } else {
      const integer = this.layout.kernels.has(node);
      const inputs = node.inputs.map((name) => (integer ? this.dequantize(name) : this.read(node, name)));
      this.b.add(this.separate({ ...this.withOutputs(node), inputs }));
    }
  }

  finish(): Graph {
    for (const output of this.graph.outputs) if (this.layout.integer.has(output)) this.dequantize(output);
    return deadCode(this.b.finish(this.graph.outputs));
  }

  /**
   * A constant that is added to a product, subtracted instead: of MatMul and Add onnxruntime makes a Gemm before it looks for
   * integers, and then runs it in floats.
   */
  private separate(node: Node): Node {
    const product = node.inputs.find((name) => this.products.has(name));
    const constant = this.b.initializers[node.inputs.find((name) => name !== product) ?? ''];
    if (node.op !== 'Add' || product === undefined || constant?.dtype !== 'float32') return node;
    const data = isZeros(constant) ? constant.data : (constant.data as Float32Array).map((value) => -value);
    return { ...node, op: 'Sub', inputs: [product, this.constant(`${node.name}.minus`, { ...constant, data })] };
  }

  /** A graph output must keep its name, which then belongs to its dequantized form. */
  private withOutputs(node: Node): Node {
    const outputs = node.outputs.map((name) => (this.isIntegerOutput(name) ? `${name}.float` : name));
    node.outputs.forEach((name, i) => {
      this.floats.set(name, outputs[i]!);
    });
    return { ...node, outputs };
  }

  private isIntegerOutput(value: string): boolean {
    return this.graph.outputs.includes(value) && this.layout.integer.has(value);
  }

  /** A value as a float node reads it: its float form where there is one. */
  private read(node: Node, value: string): string {
    if (!this.layout.integer.has(value)) return this.float(value);
    return this.layout.guarded.has(node) ? this.dequantizePerChannel(value) : this.dequantize(value);
  }

  /** The same numbers, written with a scale for every channel. */
  private dequantizePerChannel(value: string): string {
    const channels = this.graph.types[value]!.shape[1]!;
    const { scale, zeroPoint } = this.scales.get(this.layout.scaleOf.get(value)!)!;
    const vectors = [
      this.constant(`${value}.scales`, { dtype: 'float32', shape: [channels], data: new Float32Array(channels).fill(scale) }),
      this.constant(`${value}.zeros`, { dtype: 'uint8', shape: [channels], data: new Uint8Array(channels).fill(zeroPoint) }),
    ];
    const inputs = [this.quantize(value), ...vectors];
    return this.b.op('DequantizeLinear', inputs, { axis: 1 }, { name: `${value}.dq` });
  }

  private float(value: string): string {
    return this.floats.get(value) ?? value;
  }

  private quantize(value: string): string {
    const known = this.quantized.get(value);
    if (known) return known;
    const parameters = this.parameters(this.layout.scaleOf.get(value)!);
    const quantized = this.b.op('QuantizeLinear', [this.float(value), ...parameters], {}, { name: `${value}.q` });
    this.quantized.set(value, quantized);
    return quantized;
  }

  private dequantize(value: string): string {
    const known = this.dequantized.get(value);
    if (known) return known;
    const inputs = [this.quantize(value), ...this.parameters(this.layout.scaleOf.get(value)!)];
    const named = { name: `${value}.dq`, ...(this.isIntegerOutput(value) ? { outputs: [value] } : {}) };
    const dequantized = this.b.multi('DequantizeLinear', inputs, 1, {}, named)[0]!;
    this.dequantized.set(value, dequantized);
    return dequantized;
  }

  /**
   * Scale and zero point of a value, written once. Values that cannot be negative have zero point 0, and 0 is what a
   * missing one means. All others have one in the file, so that its size does not depend on what was measured.
   */
  private parameters(value: string): readonly string[] {
    const known = this.constants.get(value);
    if (known) return known;
    const { scale, zeroPoint } = this.scales.get(value)!;
    const names = [this.constant(`${value}.scale`, { dtype: 'float32', shape: [], data: Float32Array.of(scale) })];
    if (!this.nonNegative.has(value) || this.withZeros.has(value))
      names.push(this.constant(`${value}.zero`, { dtype: 'uint8', shape: [], data: Uint8Array.of(zeroPoint) }));
    this.constants.set(value, names);
    return names;
  }

  private constant(wish: string, tensor: Tensor): string {
    return this.b.initializer(this.b.fresh(wish), tensor);
  }
}
