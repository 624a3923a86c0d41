import { NasError } from '../../core/errors.ts';
import { capturesOf } from '../../network/ir/bodies.ts';
import type { Graph, Node, Shape, Tensor, TensorType } from '../../network/ir/graph.ts';
import { readInt } from '../../network/ir/ops/support/attributes.ts';
import { toNumbers } from '../../network/ir/ops/support/shapes.ts';
import { readersOf } from '../../network/ir/rebuild.ts';
import { evaluate } from '../constants.ts';
import { spellInstanceNorms } from '../instance-norm.ts';
import { codeRange } from './code-range.ts';
import { fuseDynamicDense } from './fusions/dynamic-dense.ts';
import { fuseGelu } from './fusions/gelu.ts';
import { rules } from './rules/index.ts';
import type { Arrangement, CodeRange, Conversion, Layout, Manner, Rule, WeightCodes, Wish, Work } from './rules/rule.ts';
import type { SubgraphWriter } from './subgraph.ts';
import { floatsOf, Values, weightOf } from './values.ts';
import { type About, ModelWriter } from './writer.ts';

/**
 * A graph as a TensorFlow Lite model; its input has its channels last. What is computed in 8-bit integers under onnxruntime
 * is so here: a layer between quantized values becomes an integer operator.
 *
 * @throws NasError TFLITE_OP, naming the op and its layer, where TensorFlow Lite has none that does the same.
 */
export function convert(graph: Graph, about: About): Uint8Array {
  const model = new ModelWriter();
  const { values } = new GraphConversion(graph, model);
  const [input, output] = [graph.inputs[0]!.name, graph.outputs[0]!];
  return model.finish(values.floats(input, 'last'), values.floats(output, 'first'), about);
}

/** What a body takes of the conversion of the graph around it. */
interface Outside {
  readonly values: Values;
  readonly captures: readonly string[];
}

class GraphConversion implements Conversion {
  readonly writer: SubgraphWriter;
  readonly values: Values;
  readonly #model: ModelWriter;
  readonly #graph: Graph;

  constructor(whole: Graph, model: ModelWriter, outside?: Outside) {
    const graph = fuseDynamicDense(fuseGelu(spellInstanceNorms(whole)));
    this.#graph = graph;
    this.#model = model;
    this.writer = outside ? model.subgraph(graph.name) : model.main;
    this.values = new Values(this.writer, graph.types);
    for (const [name, tensor] of Object.entries(graph.initializers)) this.values.constants.set(name, tensor);
    for (const { name } of graph.inputs) this.values.declare(name, { layout: 'last' });
    for (const name of outside?.captures ?? []) this.values.declare(name, outside!.values.form(name));
    for (const node of graph.nodes) this.#convert(node);
  }

  type(value: string): TensorType {
    return this.#graph.types[value]!;
  }

  constant(value: string): Tensor | undefined {
    return this.values.constants.get(value);
  }

  range(value: string): CodeRange | undefined {
    return this.values.range(value);
  }

  codesOf(node: Node): CodeRange | undefined {
    const ranges = node.inputs.filter((input) => !this.constant(input)).map((input) => this.values.range(input));
    return ranges.every((each) => each !== undefined) ? this.#rangeOf(node.outputs[0]!, ranges, 'codes') : undefined;
  }

  layout(value: string): Layout {
    return this.values.layout(value);
  }

  work(node: Node, inputs: readonly string[], { manner = 'floats', outputLayout, output: place = 0, ...wish }: Wish = {}): Work {
    const output = node.outputs[place]!;
    const layout = wish.layout ?? this.#commonLayout([...inputs.filter((input) => !this.constant(input)), output]);
    const ranges = inputs.map((input) => this.values.range(input));
    const range = ranges.every((each) => each !== undefined) ? this.#rangeOf(output, ranges, manner) : undefined;
    const rank = this.type(output).shape.length;
    const tensors = inputs.map((input) => (range ? this.values.codes(input, layout) : this.values.floats(input, layout, rank)));
    return {
      ...(range ? { range } : {}),
      layout,
      inputs: tensors,
      ranges: range ? ranges.map((each) => each!) : [],
      output: this.values.declare(output, { layout: outputLayout ?? layout, ...(range ? { range } : {}) }),
    };
  }

  same(node: Node, layout: Layout): void {
    const [input, output] = [node.inputs[0]!, node.outputs[0]!];
    const tensor = this.values.asMade(input);
    const range = this.values.range(input);
    this.values.hold(output, tensor, { layout, ...(range ? { range } : {}) });
  }

  asMade(value: string): number {
    return this.values.asMade(value);
  }

  condition(node: Node): number {
    return this.values.condition(node.outputs[0]!);
  }

  /** Constants of the graph around become the body's own. */
  branch(body: Graph, captures: readonly string[]): number {
    const constants = capturesOf(body).flatMap((name) => {
      const constant = this.constant(name);
      return constant ? [[name, constant] as const] : [];
    });
    const initializers = { ...Object.fromEntries(constants), ...body.initializers };
    const whole = { ...body, initializers, types: { ...this.#graph.types, ...body.types } };
    const { writer, values } = new GraphConversion(whole, this.#model, { values: this.values, captures });
    writer.between(
      captures.map((name) => values.asMade(name)),
      body.outputs.map((name) => values.floats(name, 'last')),
    );
    return writer.number;
  }

  between(work: Work, name: string, shape: Shape, range = work.range): number {
    return this.values.between(name, shape, range);
  }

  weightCodes(value: string, { from }: Arrangement): WeightCodes | undefined {
    const codes = this.values.weights.get(value);
    return codes && (codes.axis === undefined || codes.axis === from) ? codes : undefined;
  }

  floatWeight(value: string, arrangement: Arrangement): number {
    if (!this.weightCodes(value, arrangement)) return this.floats(value, arrangement.arrange(this.constant(value)!));
    const tensor = this.codes(value, arrangement);
    const floats = this.writer.tensor({ name: value, type: 'float32', shape: this.writer.shapeOf(tensor) });
    this.writer.operator('DEQUANTIZE', [tensor], floats);
    return floats;
  }

  codes(value: string, { arrange, to }: Arrangement): number {
    const { codes, scales } = this.values.weights.get(value)!;
    const { shape, ...arranged } = arrange(codes);
    const quantization = { scales, zero: 0, axis: scales.length > 1 ? to : 0 };
    return this.writer.codes(`${value}/codes`, shape, toNumbers({ shape, ...arranged }), quantization);
  }

  floats(name: string, { shape, data }: Pick<Tensor, 'shape' | 'data'>): number {
    return this.writer.floats(name, shape, floatsOf(data));
  }

  refuse(node: Node, why: string): never {
    const op = node.domain === '' ? node.op : `${node.domain}:${node.op}`;
    const message = `TensorFlow Lite cannot hold this model: ${op} at "${node.name}" ${why}. Ship it as ONNX, or choose a trial without it.`;
    throw new NasError('TFLITE_OP', message, { facts: { op, node: node.name } });
  }

  #convert(node: Node): void {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : this.constant(name)));
    const values = node.domain === '' ? evaluate(node, inputs) : undefined;
    if (values) {
      node.outputs.forEach((output, i) => {
        this.values.constants.set(output, values[i]!);
      });
      const weight = weightOf(node, inputs as readonly Tensor[], readInt(node, 'axis', 1));
      if (weight) this.values.weights.set(node.outputs[0]!, weight);
      return;
    }
    const rule = node.domain === '' ? this.#ruleOf(node.op) : undefined;
    if (!rule) this.refuse(node, 'has no counterpart');
    rule!(this, node);
  }

  #ruleOf(op: string): Rule | undefined {
    if (op === 'QuantizeLinear') return (_, node) => this.#quantize(node);
    if (op === 'DequantizeLinear') return (_, node) => this.#dequantize(node);
    return rules[op];
  }

  /** Codes of another range are made of these codes; those of the same are these. */
  #quantize(node: Node): void {
    const [x, output] = [node.inputs[0]!, node.outputs[0]!];
    const range = codeRange(this, node) ?? this.refuse(node, 'has a range per channel, or one that is no constant');
    const before = this.values.range(x);
    if (before && sameRange(before, range)) {
      this.values.same(output, x);
      return;
    }
    const layout = this.values.layout(x);
    const from = before ? this.values.codes(x, layout) : this.values.floats(x, layout);
    this.writer.operator('QUANTIZE', [from], this.values.declare(output, { layout, range }));
  }

  /** Nothing is computed: whoever needs floats makes them, once. */
  #dequantize(node: Node): void {
    const [q, output] = [node.inputs[0]!, node.outputs[0]!];
    const range = codeRange(this, node);
    const codes = this.values.range(q);
    if (!codes || !range || !sameRange(codes, range)) this.refuse(node, 'does not undo a QuantizeLinear');
    this.values.same(output, q);
  }

  #rangeOf(output: string, ranges: readonly (CodeRange | undefined)[], manner: Manner): CodeRange | undefined {
    if (manner === 'floats') return undefined;
    if (manner === 'as they come') return ranges.every((each) => sameRange(each!, ranges[0]!)) ? ranges[0] : undefined;
    const [reader, ...others] = readersOf(this.#graph).get(output) ?? [];
    const alone = others.length === 0 && !this.#graph.outputs.includes(output);
    return alone && reader?.op === 'QuantizeLinear' ? codeRange(this, reader) : undefined;
  }

  #commonLayout(values: readonly string[]): Layout {
    const arePictures = values.every((value) => [0, 4].includes(this.type(value).shape.length));
    return arePictures && values.some((value) => this.values.layout(value) === 'last') ? 'last' : 'first';
  }
}

const sameRange = (a: CodeRange, b: CodeRange) => a.scale === b.scale && a.zero === b.zero;
