import { NasError } from '../../core/errors.ts';
import { bodiesOf, capturesOf } from '../ir/bodies.ts';
import type { Builder } from '../ir/builder.ts';
import type { Node } from '../ir/graph.ts';
import { elementCount } from '../ir/graph.ts';
import { opEntry } from '../ir/ops/index.ts';

/**
 * Emits the gradient of a scalar by every value of `wrt` (inputs, initializers or node outputs) into `b`, by a
 * reverse walk over the nodes that are there: each op's own rule says what to emit, the walk knows no op by name.
 * Returns the name of the gradient per value of `wrt`, zeros where the loss does not depend on it. A gradient is
 * called `conv1.weight.grad`; where several nodes read a value their parts are `x.grad/reader`.
 *
 * @throws NasError IR_GRADIENT where an op on the way has no gradient, or `loss` is no scalar.
 */
export function gradient(b: Builder, loss: string, wrt: readonly string[]): Record<string, string> {
  if (elementCount(b.shape(loss)) !== 1)
    throw new NasError('IR_GRADIENT', `the loss "${loss}" is no scalar: [${b.shape(loss).join()}]`);
  const walk = new Walk(b, wrt);
  walk.receive(loss, constant(b, 1, loss));
  for (const node of walk.nodes.toReversed()) walk.visit(node);
  return Object.fromEntries(wrt.map((value) => [value, walk.total(value) ?? constant(b, 0, value)]));
}

function constant(b: Builder, number: number, like: string): string {
  const shape = b.shape(like);
  return shape.length === 0 ? b.scalar(number) : b.op('Expand', [b.scalar(number), b.ints(shape)], {}, { name: `${like}.grad` });
}

class Walk {
  /** The nodes through which some value of `wrt` reaches something, in topological order. */
  readonly nodes: readonly Node[];
  private readonly b: Builder;
  /** Values whose gradient somebody needs. */
  private readonly wanted: Set<string>;
  /** How many node inputs pass a gradient back to a value. */
  private readonly readers = new Map<string, number>();
  /** Gradients received so far. */
  private readonly parts = new Map<string, string[]>();

  constructor(b: Builder, wrt: readonly string[]) {
    this.b = b;
    this.wanted = new Set(wrt);
    this.nodes = b.nodes.filter((node) => this.follow(node));
  }

  receive(value: string, part: string): void {
    this.parts.set(value, [...(this.parts.get(value) ?? []), part]);
  }

  /** The sum of what a value received; undefined where nothing depends on it. */
  total(value: string): string | undefined {
    const parts = this.parts.get(value);
    if (!parts) return undefined;
    const sum = parts.reduce((left, right, i) => {
      const name = i === parts.length - 1 ? `${value}.grad` : `${value}.grad/sum`;
      return this.b.op('Add', [left, right], {}, { name });
    });
    this.parts.set(value, [sum]);
    return sum;
  }

  visit(node: Node): void {
    const dOutputs = node.outputs.map((output) => this.total(output));
    if (dOutputs.every((dOutput) => dOutput === undefined)) return;
    const wants = this.wants(node);
    const start = this.b.nodes.length;
    const gradients = this.applyRule(node, dOutputs, wants);
    const renamed = new Map<string, string>();
    gradients.forEach((part, i) => {
      if (part === undefined || !wants[i]) return;
      const name = renamed.get(part) ?? this.baptize(part, node.inputs[i]!, node, start);
      renamed.set(part, name);
      this.receive(node.inputs[i]!, name);
    });
  }

  /** Whether a gradient must pass this node; marks its outputs as wanted if so. */
  private follow(node: Node): boolean {
    if (opEntry(node).grad === 'none') return false;
    const captured = bodiesOf(node)
      .flatMap(capturesOf)
      .filter((value) => this.wanted.has(value));
    const read = [...node.inputs.filter((_, i) => this.wants(node)[i]), ...captured];
    for (const input of read) this.readers.set(input, (this.readers.get(input) ?? 0) + 1);
    if (read.length === 0) return false;
    for (const output of node.outputs) this.wanted.add(output);
    return true;
  }

  private wants(node: Node): boolean[] {
    const { stops } = opEntry(node);
    return node.inputs.map((input, i) => this.wanted.has(input) && !stops?.includes(i));
  }

  private applyRule(
    node: Node,
    dOutputs: readonly (string | undefined)[],
    wants: readonly boolean[],
  ): readonly (string | undefined)[] {
    const rule = opEntry(node).grad;
    if (typeof rule === 'string') {
      throw new NasError('IR_GRADIENT', `node "${node.name}": the op ${node.op} has no gradient, but one must pass through it`, {
        facts: { node: node.name, op: node.op },
      });
    }
    const { b } = this;
    b.scope = `${node.name}.grad/`;
    const gradients = rule({ b, node, inputs: node.inputs, outputs: node.outputs, dOutputs, wants });
    b.scope = '';
    return gradients;
  }

  /** Names a gradient after the value it belongs to, unless it is one that the rule only passes on. */
  private baptize(part: string, value: string, node: Node, start: number): string {
    const isNew = this.b.nodes.slice(start).some((emitted) => emitted.outputs.includes(part));
    if (!isNew) return part;
    const wish = (this.readers.get(value) ?? 0) > 1 ? `${value}.grad/${node.name}` : `${value}.grad`;
    return this.b.rename(part, wish, start);
  }
}
