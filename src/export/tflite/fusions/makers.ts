import type { Graph, Node } from '../../../network/ir/graph.ts';
import { toNumbers } from '../../../network/ir/ops/support/shapes.ts';
import { makersOf } from '../../../network/ir/rebuild.ts';

/** Looks from a value back to what it was made of. */
export class Makers {
  readonly #graph: Graph;
  readonly #makers: ReadonlyMap<string, Node>;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#makers = makersOf(graph);
  }

  of(value: string | undefined): Node | undefined {
    return value === undefined ? undefined : this.#makers.get(value);
  }

  /** The inputs of the node that made a value; none where that is another op. */
  inputs(value: string | undefined, op: string): readonly string[] {
    const maker = this.of(value);
    return maker?.op === op ? maker.inputs : [];
  }

  /** A constant with one element. */
  number(value: string): number | undefined {
    const constant = this.#graph.initializers[value];
    const numbers = constant && toNumbers(constant);
    return numbers?.length === 1 ? numbers[0] : undefined;
  }
}
