import type { Graph } from '../../../network/ir/graph.ts';
import { deadCode } from '../../../network/ir/passes/dead-code.ts';
import { Makers } from './makers.ts';

/**
 * TensorFlow Lite has no error function, but GELU as a whole: where a graph spells it out, x · (1 + erf(x / √2)) / 2 with its
 * constants anywhere, the last product becomes a node Gelu(x). Other error functions stay.
 */
export function fuseGelu(graph: Graph): Graph {
  const finder = new GeluFinder(graph);
  const nodes = graph.nodes.map((node) => {
    const found = node.op === 'Mul' ? finder.multiple(node.outputs[0]!) : undefined;
    return found && isNear(found.factor, 1) ? { ...node, op: 'Gelu', inputs: [found.x], attributes: {} } : node;
  });
  return nodes.every((node, i) => node === graph.nodes[i]) ? graph : deadCode({ ...graph, nodes });
}

/** A value is so many times something of x. */
interface Multiple {
  readonly x: string;
  readonly factor: number;
}

const isNear = (a: number, b: number) => Math.abs(a - b) < 1e-5;

class GeluFinder {
  readonly #makers: Makers;

  constructor(graph: Graph) {
    this.#makers = new Makers(graph);
  }

  /** Of GELU(x). */
  multiple(value: string): Multiple | undefined {
    const [a, b] = this.#makers.inputs(value, 'Mul');
    if (a === undefined || b === undefined) return undefined;
    return this.#ofProduct(a, b) ?? this.#ofProduct(b, a) ?? this.#scaled(a, b) ?? this.#scaled(b, a);
  }

  #scaled(value: string, by: string): Multiple | undefined {
    const factor = this.#makers.number(by);
    const inner = factor === undefined ? undefined : this.multiple(value);
    return inner && { x: inner.x, factor: inner.factor * factor! };
  }

  /** (1 + erf(x / √2)) · k · x = 2 · k · GELU(x) */
  #ofProduct(sum: string, other: string): Multiple | undefined {
    const parts = this.#makers.inputs(sum, 'Add');
    const erf = parts.find((part) => this.#makers.of(part)?.op === 'Erf');
    const one = parts.find((part) => part !== erf);
    if (erf === undefined || one === undefined || this.#makers.number(one) !== 1) return undefined;
    const [under] = this.#makers.inputs(erf, 'Erf');
    const inside = this.#linear(under!);
    const outside = other === inside.x ? { x: other, factor: 1 } : this.#linear(other);
    return isNear(inside.factor, Math.SQRT1_2) && outside.x === inside.x
      ? { x: inside.x, factor: 2 * outside.factor }
      : undefined;
  }

  /** A value as a multiple of another one: of itself, where it is no product with a number. */
  #linear(value: string): Multiple {
    const maker = this.#makers.of(value);
    const [a, b] = maker?.op === 'Mul' || maker?.op === 'Div' ? maker.inputs : [];
    const [left, right] = [a, b].map((input) => (input === undefined ? undefined : this.#makers.number(input)));
    if (right !== undefined) return { x: a!, factor: maker!.op === 'Mul' ? right : 1 / right };
    return left !== undefined && maker!.op === 'Mul' ? { x: b!, factor: left } : { x: value, factor: 1 };
  }
}
