import { NasError } from '../../core/errors.ts';
import { allNodes, allTypes, bodiesOf, mapBodies, readsOf } from './bodies.ts';
import type { Attribute, Attributes, Domain, Graph, GraphInput, Node, Shape, Tensor, TensorType } from './graph.ts';
import { elementCount, show } from './graph.ts';
import { opEntry } from './ops/index.ts';

/** Attributes as they are written: whole numbers are ints, text is a string; floats must say so with `float()`. */
export type AttributeInput = number | string | readonly number[] | Attribute;

export { float } from './graph.ts';

export function toAttributes(input: Readonly<Record<string, AttributeInput>>): Attributes {
  const result: Record<string, Attribute> = {};
  for (const [name, value] of Object.entries(input)) result[name] = toAttribute(name, value);
  return result;
}

function toAttribute(name: string, value: AttributeInput): Attribute {
  if (typeof value === 'string') return { kind: 'string', value };
  if (typeof value === 'object' && 'kind' in value) return value;
  const numbers = typeof value === 'number' ? [value] : value;
  if (!numbers.every(Number.isInteger))
    throw new NasError('IR_ATTRIBUTE', `attribute "${name}": write float(${String(value)}) for a float`);
  return typeof value === 'number' ? { kind: 'int', value } : { kind: 'ints', value };
}

export interface OpOptions {
  readonly domain?: Domain;
  /** Name of the node and, where there is one output, of its value; made up from the op where absent. */
  readonly name?: string;
  readonly outputs?: readonly string[];
}

/** What is visible where a node stands: the types of values, and those that are constants. */
export interface Scope {
  typeOf(value: string): TensorType | undefined;
  constantOf(value: string): Tensor | undefined;
}

/** Grows a graph node by node, inferring every type on the way. Emits in topological order by construction. */
export class Builder implements Scope {
  readonly graphName: string;
  readonly types: Record<string, TensorType> = {};
  readonly initializers: Record<string, Tensor> = {};
  readonly nodes: Node[] = [];
  readonly inputs: GraphInput[] = [];
  /** Put before the names that are made up: `conv1.grad/`. */
  scope = '';
  private readonly names = new Set<string>();
  /** Next suffix to try per wished name. */
  private readonly suffixes = new Map<string, number>();
  private readonly constants = new Map<string, string>();
  private readonly around: Scope | undefined;

  /** `around`: what a body may read beside its own values. */
  constructor(graphName: string, around?: Scope) {
    this.graphName = graphName;
    this.around = around;
  }

  /** Starts from an existing graph: its inputs, initializers and nodes are all there, its outputs are not. */
  static from(graph: Graph): Builder {
    const b = new Builder(graph.name);
    b.inputs.push(...graph.inputs);
    Object.assign(b.types, graph.types);
    Object.assign(b.initializers, graph.initializers);
    b.nodes.push(...graph.nodes);
    for (const name of Object.keys(graph.types)) b.names.add(name);
    for (const node of graph.nodes) b.names.add(node.name);
    b.reserve(graph.nodes.flatMap(bodiesOf).flatMap(namesOf));
    return b;
  }

  input(name: string, type: TensorType): string {
    this.claim(name);
    this.inputs.push({ name, type });
    this.types[name] = type;
    return name;
  }

  initializer(name: string, tensor: Tensor): string {
    this.claim(name);
    if (tensor.data.length !== elementCount(tensor.shape)) {
      throw new NasError('IR_SHAPE', `initializer "${name}": ${tensor.data.length} values for shape ${show(tensor.shape)}`);
    }
    this.initializers[name] = tensor;
    this.types[name] = { dtype: tensor.dtype, shape: tensor.shape };
    return name;
  }

  /** A constant, shared by equal content. */
  ints(values: readonly number[], shape: Shape = [values.length]): string {
    return this.constant('int64', values, shape, () => BigInt64Array.from(values, BigInt));
  }

  floats(values: readonly number[], shape: Shape = [values.length]): string {
    return this.constant('float32', values, shape, () => Float32Array.from(values));
  }

  scalar(value: number): string {
    return this.floats([value], []);
  }

  /** Adds a node with one output and returns the output's name. */
  op(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeInput>> = {},
    options: OpOptions = {},
  ): string {
    return this.multi(op, inputs, 1, attributes, options)[0]!;
  }

  /** Adds a node with several outputs and returns their names. */
  multi(
    op: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, AttributeInput>> = {},
    options: OpOptions = {},
  ): string[] {
    const name = this.fresh(options.name ?? this.scope + op);
    this.names.add(name);
    const made = () => (count === 1 ? [name] : Array.from({ length: count }, (_, i) => this.fresh(`${name}.${i}`)));
    const outputs = options.outputs ? [...options.outputs] : made();
    const node: Node = {
      op,
      domain: options.domain ?? '',
      name,
      inputs: [...inputs],
      outputs,
      attributes: toAttributes(attributes),
    };
    this.add(node);
    return outputs;
  }

  /** Adds a ready node; its types are inferred, and those of its bodies. */
  add(ready: Node): void {
    const node = mapBodies(ready, (body) => inScope(body, this));
    if (this.around) for (const name of readsOf(node)) this.see(name);
    const types = inferNode(node, this);
    node.outputs.forEach((output, i) => {
      if (output === '') return;
      if (this.types[output]) throw new NasError('IR_NAME', `value "${output}" is defined twice`);
      this.names.add(output);
      this.types[output] = types[i]!;
    });
    if (node !== ready) this.reserve(bodiesOf(node).flatMap(namesOf));
    this.nodes.push(node);
  }

  typeOf(value: string): TensorType | undefined {
    return this.types[value] ?? this.around?.typeOf(value);
  }

  constantOf(value: string): Tensor | undefined {
    return this.initializers[value] ?? this.around?.constantOf(value);
  }

  type(value: string): TensorType {
    const type = this.typeOf(value);
    if (!type) throw new NasError('IR_NAME', `unknown value "${value}"`);
    return type;
  }

  shape(value: string): Shape {
    return this.type(value).shape;
  }

  /**
   * Gives a value that a node from position `since` on defines another name (the wish, made unique), and its node
   * too where the two were named alike. Nodes before `since` must not read it.
   */
  rename(value: string, wish: string, since: number): string {
    const name = this.fresh(wish);
    const swap = (known: string) => (known === value ? name : known);
    for (let i = since; i < this.nodes.length; i++) {
      const node = this.nodes[i]!;
      this.nodes[i] = { ...node, name: swap(node.name), inputs: node.inputs.map(swap), outputs: node.outputs.map(swap) };
    }
    this.types[name] = this.type(value);
    delete this.types[value];
    this.names.add(name);
    return name;
  }

  /** Keeps names for nodes that are added later: names that are made up avoid them. */
  reserve(names: Iterable<string>): void {
    for (const name of names) this.names.add(name);
  }

  /** A name that is not taken: the wish itself, else with `_2`, `_3` … */
  fresh(wish: string): string {
    if (!this.isTaken(wish)) return wish;
    let n = this.suffixes.get(wish) ?? 2;
    while (this.isTaken(`${wish}_${n}`)) n++;
    this.suffixes.set(wish, n);
    return `${wish}_${n}`;
  }

  /** The graph as it is now. The builder may go on. */
  build(outputs: readonly string[]): Graph {
    const { inputs, initializers, nodes, types } = this;
    return Object.freeze({
      ...this.finish(outputs),
      inputs: [...inputs],
      initializers: { ...initializers },
      nodes: [...nodes],
      types: { ...types },
    });
  }

  /** The graph that the builder hands over: it must not be used any more. */
  finish(outputs: readonly string[]): Graph {
    for (const output of outputs) this.type(output);
    if (this.around) for (const output of outputs) this.see(output);
    const { graphName: name, inputs, initializers, nodes, types } = this;
    return Object.freeze({ name, inputs, outputs: [...outputs], initializers, nodes, types });
  }

  private constant(
    dtype: 'int64' | 'float32',
    values: readonly number[],
    shape: Shape,
    data: () => BigInt64Array | Float32Array,
  ): string {
    const key = `${dtype}${show(shape)}${values.join(',')}`;
    const known = this.constants.get(key);
    if (known) return known;
    const name = this.initializer(this.fresh(`const${this.constants.size}`), { dtype, shape, data: data() });
    this.constants.set(key, name);
    return name;
  }

  /** Notes the type of a value that is read from outside. */
  private see(value: string): void {
    const type = this.typeOf(value);
    if (type) this.types[value] = type;
  }

  private isTaken(name: string): boolean {
    return this.names.has(name) || this.around?.typeOf(name) !== undefined;
  }

  private claim(name: string): void {
    if (this.names.has(name)) throw new NasError('IR_NAME', `"${name}" is defined twice`);
    this.names.add(name);
  }
}

/** Types of a node's outputs from the types of its inputs. */
export function inferNode(node: Node, scope: Scope): readonly TensorType[] {
  const inputs = node.inputs.map((name) => {
    if (name === '') return undefined;
    const type = scope.typeOf(name);
    if (!type) throw new NasError('IR_NAME', `node "${node.name}" (${node.op}) reads "${name}", which is not defined before it`);
    return type;
  });
  return opEntry(node).infer({ node, inputs, constants: node.inputs.map((name) => scope.constantOf(name)) });
}

/** A body where it stands now: every type inferred anew. */
export function inScope(body: Graph, scope: Scope): Graph {
  const b = new Builder(body.name, scope);
  for (const [name, tensor] of Object.entries(body.initializers)) b.initializer(name, tensor);
  for (const node of body.nodes) b.add(node);
  return b.finish(body.outputs);
}

/** Of the bodies in it, too. */
const namesOf = (body: Graph): readonly string[] => [...Object.keys(allTypes(body)), ...allNodes(body).map(({ name }) => name)];
