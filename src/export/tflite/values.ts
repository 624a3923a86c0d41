import type { Node, Shape, Tensor, TensorData, TensorType } from '../../network/ir/graph.ts';
import { toNumbers } from '../../network/ir/ops/support/shapes.ts';
import { lastChannels, toFirst, toLast } from '../layout.ts';
import type { CodeRange, Layout, WeightCodes } from './rules/rule.ts';
import type { SubgraphWriter } from './subgraph.ts';

/** The form in which a tensor holds a value. */
export interface Form {
  readonly layout: Layout;
  /** Of its codes; absent where it holds floats. */
  readonly range?: CodeRange;
}

interface Held extends Form {
  readonly tensor: number;
}

/** Where the values of a graph lie in a TensorFlow Lite model: as floats or codes, channels first or last, made when they are asked for. */
export class Values {
  readonly constants = new Map<string, Tensor>();
  /** By the value that holds them as floats. */
  readonly weights = new Map<string, WeightCodes>();
  readonly #writer: SubgraphWriter;
  readonly #types: Readonly<Record<string, TensorType>>;
  readonly #held = new Map<string, readonly Held[]>();

  constructor(writer: SubgraphWriter, types: Readonly<Record<string, TensorType>>) {
    this.#writer = writer;
    this.#types = types;
  }

  shape(value: string): Shape {
    return this.#types[value]!.shape;
  }

  /** The layout in which a value was made; pictures have their channels last then. */
  layout(value: string): Layout {
    return this.#held.get(value)?.[0]?.layout ?? 'first';
  }

  /** The range of a value's codes; undefined where it has none. */
  range(value: string): CodeRange | undefined {
    return this.#held.get(value)?.find(({ range }) => range)?.range;
  }

  /** A new tensor that holds a value. */
  declare(value: string, form: Form): number {
    const layout = this.shape(value).length === 4 ? form.layout : 'first';
    const name = this.#held.has(value) ? `${value}${suffix({ ...form, layout })}` : value;
    const tensor = this.between(name, sizesOf(this.shape(value), layout), form.range);
    this.hold(value, tensor, { ...form, layout });
    return tensor;
  }

  hold(value: string, tensor: number, form: Form): void {
    this.#held.set(value, [...(this.#held.get(value) ?? []), { ...form, tensor }]);
  }

  /** What holds one value holds another one as well. */
  same(value: string, as: string): void {
    this.#held.set(value, this.#held.get(as)!);
  }

  /** The form in which a value is at hand without work: codes, where there are any. */
  form(value: string): Form {
    const range = this.range(value);
    return { layout: this.layout(value), ...(range ? { range } : {}) };
  }

  /** The tensor of a value in its form. */
  asMade(value: string): number {
    const { layout, range } = this.form(value);
    return range ? this.codes(value, layout) : this.floats(value, layout);
  }

  /** A new bool. */
  condition(value: string): number {
    const tensor = this.#writer.tensor({ name: value, shape: this.shape(value), type: 'bool' });
    this.hold(value, tensor, { layout: 'first' });
    return tensor;
  }

  between(name: string, shape: Shape, range: CodeRange | undefined): number {
    if (!range) return this.#writer.tensor({ name, shape, type: 'float32' });
    return this.#writer.tensor({ name, shape, type: 'int8', quantization: { scales: [range.scale], zero: range.zero, axis: 0 } });
  }

  codes(value: string, layout: Layout): number {
    const range = this.range(value)!;
    return this.#in(value, { range, layout });
  }

  /** The tensor of floats that holds a value, made of its codes where there are only these. Constants meet values of `rank` dimensions. */
  floats(value: string, layout: Layout, rank = this.shape(value).length): number {
    const constant = this.constants.get(value);
    if (constant) return this.#constant(value, layout === 'last' ? lastChannels(constant, rank) : constant, layout);
    const held = this.#held.get(value)!;
    if (held.some(({ range }) => !range)) return this.#in(value, { layout });
    const codes = this.codes(value, layout);
    const tensor = this.declare(value, { layout });
    this.#writer.operator('DEQUANTIZE', [codes], tensor);
    return tensor;
  }

  /** The same floats or codes in a layout. */
  #in(value: string, form: Form): number {
    const kind = this.#held.get(value)!.filter(({ range }) => (range === undefined) === (form.range === undefined));
    const isPicture = this.shape(value).length === 4;
    const found = kind.find(({ layout }) => !isPicture || layout === form.layout);
    if (found) return found.tensor;
    const tensor = this.declare(value, form);
    const order = this.#writer.ints(`${value}${suffix(form)}/order`, form.layout === 'last' ? toLast : toFirst);
    this.#writer.operator('TRANSPOSE', [kind[0]!.tensor, order], tensor);
    return tensor;
  }

  #constant(value: string, { shape, data }: Tensor, layout: Layout): number {
    const key = `${value} as a constant, channels ${layout}, ${shape.length}`;
    const known = this.#held.get(key)?.[0]?.tensor;
    if (known !== undefined) return known;
    const floats = floatsOf(data);
    const tensor = this.#writer.tensor({ name: value, type: 'float32', shape, data: floats });
    this.hold(key, tensor, { layout });
    return tensor;
  }
}

export const floatsOf = (data: TensorData): Float32Array =>
  data instanceof Float32Array ? data : Float32Array.from(Array.from(data, Number));

const suffix = ({ layout, range }: Form) => `${range ? '/codes' : ''}${layout === 'last' ? '/last' : ''}`;

/** A shape as a tensor in that layout has it. */
const sizesOf = (shape: Shape, layout: Layout): Shape =>
  layout === 'last' && shape.length === 4 ? toLast.map((axis) => shape[axis]!) : shape;

/** What a node makes of constant codes: DequantizeLinear without a zero point, or a product with scales. */
export function weightOf(node: Node, inputs: readonly Tensor[], attribute: number): WeightCodes | undefined {
  const [codes, scale, zero] = inputs;
  if (!codes || !scale) return undefined;
  const scales = toNumbers(scale);
  if (node.op === 'DequantizeLinear') {
    const plain = codes.dtype === 'int8' && (!zero || toNumbers(zero).every((each) => each === 0));
    const axis = scales.length === 1 ? undefined : attribute;
    return plain ? { codes, scales, axis } : undefined;
  }
  const areCodes = () => toNumbers(codes).every((code) => Number.isInteger(code) && code >= -127 && code <= 127);
  if (node.op !== 'Mul' || !areCodes()) return undefined;
  if (scales.length === 1) return { codes, scales, axis: undefined };
  const axis = scale.shape.findIndex((size) => size > 1);
  const along =
    scale.shape.length === codes.shape.length && scale.shape[axis] === scales.length && codes.shape[axis] === scales.length;
  return along ? { codes, scales, axis } : undefined;
}
