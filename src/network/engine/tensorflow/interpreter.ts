import type { Graph, Node } from '../../ir/graph.ts';
import { type Kernel, notCovered, type TensorFlow, type TfTensor } from './kernel.ts';
import { kernels } from './kernels/index.ts';
import { toLast, toPlain, toTf } from './tensors.ts';

/** One value in the layouts in which it was asked for so far. */
interface Held {
  plain?: TfTensor;
  last?: TfTensor;
}

interface Instruction {
  readonly node: Node;
  readonly kernel: Kernel;
  /** Values that nothing reads after this node. */
  readonly dead: readonly string[];
}

/** Runs a graph node by node on the device that TensorFlow.js has, and keeps no value longer than it is read. */
export class Interpreter {
  readonly #tf: TensorFlow;
  readonly #graph: Graph;
  readonly #instructions: readonly Instruction[];
  /** Initializers, for all runs. */
  readonly #constants: ReadonlyMap<string, Held>;
  readonly #values = new Map<string, Held>();

  /** @throws NasError ENGINE_TENSORFLOW where an op has no kernel. */
  constructor(tf: TensorFlow, graph: Graph) {
    this.#tf = tf;
    this.#graph = graph;
    this.#instructions = instructionsOf(graph);
    this.#constants = new Map(Object.entries(graph.initializers).map(([name, tensor]) => [name, { plain: toTf(tf, tensor) }]));
  }

  /** Takes over the tensors that are fed; those that it returns, the named outputs, are the caller's. */
  run(feeds: Readonly<Record<string, TfTensor>>, outputs: readonly string[]): Record<string, TfTensor> {
    for (const [name, plain] of Object.entries(feeds)) this.#values.set(name, { plain });
    try {
      for (const instruction of this.#instructions) this.#step(instruction);
      return Object.fromEntries(outputs.map((name) => [name, this.#tf.clone(this.#get(name, 'plain'))]));
    } finally {
      for (const name of this.#values.keys()) this.#forget(name);
    }
  }

  dispose(): void {
    for (const held of this.#constants.values()) disposeOf(held);
  }

  #step({ node, kernel, dead }: Instruction): void {
    const layout = this.#layoutFor(node, kernel);
    const inputs = node.inputs.map((name) => (name === '' ? undefined : this.#get(name, this.#isImage(name) ? layout : 'plain')));
    const { types, initializers } = this.#graph;
    const context = {
      tf: this.#tf,
      node,
      inputs: node.inputs.map((name) => types[name]),
      outputs: node.outputs.map((name) => types[name]!),
      constants: node.inputs.map((name) => initializers[name]),
    };
    const results = this.#tf.tidy(() => {
      const computed = [kernel.run(inputs, context)].flat() as TfTensor[];
      return computed.map((tensor) => (inputs.includes(tensor) ? this.#tf.clone(tensor) : tensor));
    });
    results.forEach((tensor, i) => {
      const name = node.outputs[i];
      if (name) this.#values.set(name, { [this.#isImage(name) ? layout : 'plain']: tensor });
      else tensor.dispose();
    });
    for (const name of dead) this.#forget(name);
  }

  /** A kernel that takes either gets channels last where a value is at hand that way and all others can be brought there. */
  #layoutFor(node: Node, { layout }: Kernel): 'plain' | 'last' {
    if (layout !== 'either') return layout;
    const names = node.inputs.filter((name) => name !== '');
    const turns = (name: string) => this.#isImage(name) || this.#graph.types[name]!.shape.every((size) => size === 1);
    return names.some((name) => this.#held(name).last) && names.every(turns) ? 'last' : 'plain';
  }

  #isImage(name: string): boolean {
    return this.#graph.types[name]!.shape.length === 4;
  }

  #held(name: string): Held {
    return (this.#constants.get(name) ?? this.#values.get(name))!;
  }

  #get(name: string, layout: 'plain' | 'last'): TfTensor {
    const held = this.#held(name);
    held[layout] ??= layout === 'last' ? toLast(this.#tf, held.plain!) : toPlain(this.#tf, held.last!);
    return held[layout];
  }

  #forget(name: string): void {
    const held = this.#values.get(name);
    if (held) disposeOf(held);
    this.#values.delete(name);
  }
}

function disposeOf({ plain, last }: Held): void {
  plain?.dispose();
  last?.dispose();
}

function instructionsOf(graph: Graph): Instruction[] {
  const kept = new Set([...graph.outputs, ...Object.keys(graph.initializers)]);
  const read = new Set<string>();
  const backwards = graph.nodes.toReversed().map((node) => {
    const kernel = kernels[`${node.domain}:${node.op}`];
    if (!kernel) throw notCovered(node, 'the engine tensorflow does not have this op');
    const dead = [...new Set([...node.inputs, ...node.outputs])].filter(
      (name) => name !== '' && !kept.has(name) && !read.has(name),
    );
    for (const name of node.inputs) read.add(name);
    return { node, kernel, dead };
  });
  return backwards.toReversed();
}
