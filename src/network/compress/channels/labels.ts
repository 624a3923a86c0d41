import { readsOf } from '../../ir/bodies.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import { toNumbers } from '../../ir/ops/support/shapes.ts';

/**
 * What an initializer's axis means for the channels that run along it: it makes them, it goes along with them
 * (a bias, BatchNormalization), or it reads them.
 */
export type Role = 'producer' | 'follower' | 'consumer';

/** Which channel stands at each position of an axis of an initializer. */
export interface AxisLabel {
  readonly initializer: string;
  readonly axis: number;
  readonly role: Role;
  /** The layers that produce through it; empty unless a producer. */
  readonly layers: readonly string[];
  /** Per position; equal roots (`Labels.root`) are one channel. */
  readonly atoms: readonly number[];
}

/** Which channel stands at each position of an activation's channel axis. */
export interface ValueLabel {
  readonly axis: number;
  readonly atoms: readonly number[];
}

/**
 * The channels of a graph while its nodes are walked: every position of a channel axis holds an atom, and what must be
 * removed together is united (union-find). Pinned atoms must stay.
 */
export class Labels {
  readonly graph: Graph;
  private readonly parents: number[] = [];
  private readonly pins: boolean[] = [];
  private readonly values = new Map<string, ValueLabel>();
  private readonly axes = new Map<string, AxisLabel>();
  /** Values that stand for an initializer, place by place. */
  private readonly aliases = new Map<string, string>();

  constructor(graph: Graph) {
    this.graph = graph;
  }

  fresh(count: number): number[] {
    return Array.from({ length: count }, () => {
      this.pins.push(false);
      return this.parents.push(this.parents.length) - 1;
    });
  }

  root(atom: number): number {
    let root = atom;
    while (this.parents[root] !== root) root = this.parents[root]!;
    this.parents[atom] = root;
    return root;
  }

  isPinned(atom: number): boolean {
    return this.pins[this.root(atom)]!;
  }

  pin(atoms: readonly number[]): void {
    for (const atom of atoms) this.pins[this.root(atom)] = true;
  }

  /** Position by position one channel. */
  tie(a: readonly number[], b: readonly number[]): void {
    a.forEach((atom, i) => {
      const [from, to] = [this.root(atom), this.root(b[i]!)];
      if (from === to) return;
      this.parents[from] = to;
      this.pins[to] = this.pins[to]! || this.pins[from]!;
    });
  }

  /** `value` stands for an initializer: whoever reads it reads that one. */
  alias(value: string, initializer: string): void {
    this.aliases.set(value, initializer);
  }

  /** The channels along an axis of an initializer; those of one used twice are the same. */
  ofInitializer(name: string, axis: number, role: Role, layer?: string): readonly number[] {
    const initializer = this.aliases.get(name) ?? name;
    const key = `${initializer} ${axis}`;
    const known = this.axes.get(key);
    const atoms = known?.atoms ?? this.fresh(this.shape(initializer)[axis]!);
    const layers = [...(known?.layers ?? []), ...(layer === undefined ? [] : [layer])];
    const strongest = known?.role === 'producer' || role === 'producer' ? 'producer' : role;
    this.axes.set(key, { initializer, axis, role: strongest, layers, atoms });
    return atoms;
  }

  /** The channels of an activation; undefined where nothing is known of them. */
  of(value: string): ValueLabel | undefined {
    return this.values.get(value);
  }

  set(value: string, label: ValueLabel): void {
    this.values.set(value, label);
  }

  /** The channels along `axis` of an activation that a node reads; they must stay where nothing is known of them. */
  read(value: string, axis: number): readonly number[] {
    const label = this.of(value);
    if (label?.axis === axis) return label.atoms;
    if (label) this.pin(label.atoms);
    const unknown = this.fresh(this.shape(value)[axis]!);
    this.pin(unknown);
    return unknown;
  }

  /** Nothing that the node reads may lose a channel. */
  refuse(node: Node): void {
    for (const name of readsOf(node)) {
      const label = this.of(name);
      if (label) this.pin(label.atoms);
      const axes = this.isInitializer(name) ? this.shape(name).keys() : [];
      for (const axis of axes) this.pin(this.ofInitializer(name, axis, 'follower'));
    }
  }

  isInitializer(name: string): boolean {
    return this.graph.initializers[this.aliases.get(name) ?? name] !== undefined;
  }

  /** The numbers of a constant that is no weight: axes, a shape. */
  constants(name: string | undefined): readonly number[] | undefined {
    const tensor = this.graph.initializers[name ?? ''];
    return tensor && toNumbers(tensor);
  }

  shape(name: string): readonly number[] {
    return this.graph.types[name]!.shape;
  }

  /** Every activation whose channels are known. */
  valueLabels(): readonly (ValueLabel & { readonly value: string })[] {
    return [...this.values].map(([value, label]) => ({ value, ...label }));
  }

  axisLabels(): readonly AxisLabel[] {
    return [...this.axes.values()];
  }
}
