import { NasError } from '../../core/errors.ts';
import type { Graph, Node, Shape, Tensor, TensorType } from '../../network/ir/graph.ts';
import { readInt } from '../../network/ir/ops/support/attributes.ts';
import { evaluate } from '../constants.ts';
import { spellInstanceNorms } from '../instance-norm.ts';
import { lastChannels, toFirst, toLast } from '../layout.ts';
import { rules } from './rules/index.ts';
import type { Conversion } from './rules/rule.ts';
import { GraphWriter } from './writer.ts';

/**
 * A graph as a TensorFlow GraphModel. Values of four dimensions have their channels last there, the input too.
 *
 * @throws NasError TFJS_OP, naming the op and its layer, where TensorFlow.js has none that does the same.
 */
export function convert(graph: Graph): { readonly writer: GraphWriter; readonly outputs: readonly string[] } {
  const conversion = new GraphConversion(graph);
  return { writer: conversion.writer, outputs: graph.outputs.map((output) => conversion.ref(output)) };
}

class GraphConversion implements Conversion {
  readonly writer = new GraphWriter();
  readonly #graph: Graph;
  readonly #constants = new Map<string, Tensor>();
  /** Names of nodes by what they hold: a value, or a constant in some layout. */
  readonly #refs = new Map<string, string>();
  /** DequantizeLinear nodes that read constants, by their output. */
  readonly #quantized = new Map<string, Node>();

  constructor(whole: Graph) {
    const graph = spellInstanceNorms(whole);
    this.#graph = graph;
    for (const [name, tensor] of Object.entries(graph.initializers)) this.#constants.set(name, tensor);
    for (const { name, type } of graph.inputs) this.#refs.set(name, this.writer.placeholder(name, this.sizes(type.shape)));
    for (const node of graph.nodes) this.#convert(node);
  }

  type(value: string): TensorType {
    return this.#graph.types[value]!;
  }

  constant(value: string): Tensor | undefined {
    return this.#constants.get(value);
  }

  ref(value: string, rank = this.type(value).shape.length): string {
    const known = this.#refs.get(value);
    if (known !== undefined) return known;
    const key = `${value} ${rank}`;
    const found = this.#refs.get(key) ?? this.writer.floats(value, lastChannels(this.#constants.get(value)!, rank));
    this.#refs.set(key, found);
    return found;
  }

  weight(value: string, arrange: (codes: Tensor) => Tensor, arrangeScales: (scales: Tensor) => Tensor): string {
    const node = this.#quantized.get(value);
    const [codes, scale, zero] = node ? node.inputs.map((name) => this.#constants.get(name)) : [];
    const perTensor = scale?.shape.length === 0;
    const plain = codes?.dtype === 'int8' && (!zero || zero.data.every((each) => Number(each) === 0));
    if (!node || !scale || !plain || !(perTensor || readInt(node, 'axis', 1) === 0))
      return this.writer.floats(value, arrange(this.#constants.get(value)!));
    const scales = this.writer.floats(`${value}/scale`, perTensor ? scale : arrangeScales(scale));
    return this.writer.op(value, 'Mul', [this.writer.codes(`${value}/codes`, arrange(codes)), scales]);
  }

  sizes(shape: Shape): Shape {
    const sizes = shape.length === 4 ? toLast.map((axis) => shape[axis]!) : shape;
    return [-1, ...sizes.slice(1)];
  }

  axis(axis: number, rank: number): number {
    const positive = axis < 0 ? axis + rank : axis;
    return rank === 4 ? toLast.indexOf(positive) : positive;
  }

  channelsFirst(value: string): string {
    const order = () => this.writer.ints(`${value}/order`, toFirst);
    return this.type(value).shape.length === 4
      ? this.writer.op(`${value}/first`, 'Transpose', [this.ref(value), order()])
      : this.ref(value);
  }

  channelsLast(name: string, from: string, rank: number): string {
    return rank === 4 ? this.writer.op(name, 'Transpose', [from, this.writer.ints(`${name}/order`, toLast)]) : from;
  }

  refuse(node: Node, why: string): never {
    const op = node.domain === '' ? node.op : `${node.domain}:${node.op}`;
    const message = `TensorFlow.js cannot hold this model: ${op} at "${node.name}" ${why}. Ship it as ONNX (--format web runs it in a browser), or choose a trial without it.`;
    throw new NasError('TFJS_OP', message, { facts: { op, node: node.name } });
  }

  #convert(node: Node): void {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : this.#constants.get(name)));
    const values = node.domain === '' ? evaluate(node, inputs) : undefined;
    if (values) {
      node.outputs.forEach((output, i) => {
        this.#constants.set(output, values[i]!);
      });
      if (node.op === 'DequantizeLinear') this.#quantized.set(node.outputs[0]!, node);
      return;
    }
    const rule = node.domain === '' ? rules[node.op] : undefined;
    if (!rule) this.refuse(node, 'has no counterpart');
    this.#refs.set(node.outputs[0]!, rule!(this, node));
  }
}
