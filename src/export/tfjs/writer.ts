import type { Shape, Tensor } from '../../network/ir/graph.ts';

/** A TensorFlow GraphDef as tfjs-converter writes it down: protobuf's JSON, with its strings in base64. */
export type Attribute =
  | { readonly b: boolean }
  | { readonly i: string }
  | { readonly f: number }
  | { readonly s: string }
  | { readonly type: string }
  | { readonly shape: GraphShape }
  | { readonly tensor: { readonly dtype: string; readonly tensorShape: GraphShape } }
  | { readonly list: { readonly i: readonly string[] } }
  | { readonly list: { readonly shape: readonly GraphShape[] } };

export interface GraphShape {
  readonly dim: readonly { readonly size: string }[];
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

/** One entry of the weights' manifest. `quantization`: stored as bytes, read as byte · scale + min. */
interface WeightEntry {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: 'float32' | 'int32';
  readonly quantization?: { readonly dtype: 'uint8'; readonly scale: number; readonly min: number };
}

export interface ConstantValue {
  readonly shape: Shape;
  readonly values: Float32Array | Int32Array;
}

interface StoredConstant extends ConstantValue, Pick<WeightEntry, 'dtype' | 'quantization'> {
  readonly bytes: Uint8Array;
}

export const shapeOf = (sizes: Shape): GraphShape => ({ dim: sizes.map((size) => ({ size: String(size) })) });

export const flag = (b: boolean): Attribute => ({ b });
export const whole = (value: number): Attribute => ({ i: String(value) });
export const real = (f: number): Attribute => ({ f });
export const wholes = (values: readonly number[]): Attribute => ({ list: { i: values.map(String) } });
/** `_output_shapes`, as TensorFlow itself notes them: for those who read the graph. -1: any size. */
export const shapesOf = (...shapes: readonly Shape[]): Attribute => ({ list: { shape: shapes.map(shapeOf) } });
export const text = (value: string): Attribute => ({ s: Buffer.from(value).toString('base64') });

/** What `text` wrote. */
export const textOf = (attribute: Attribute): string => ('s' in attribute ? Buffer.from(attribute.s, 'base64').toString() : '');

/** What `wholes` wrote. */
export const wholesOf = (attribute: Attribute): number[] =>
  'list' in attribute && 'i' in attribute.list ? attribute.list.i.map(Number) : [];

const types = { float32: 'DT_FLOAT', int32: 'DT_INT32' } as const;

/** Collects the nodes and weights of a GraphModel. Nodes are named as the ONNX values that they make, as far as there are such. */
export class GraphWriter {
  readonly nodes: GraphNode[] = [];
  readonly weights: WeightEntry[] = [];
  readonly #data: Uint8Array[] = [];
  readonly #values = new Map<string, ConstantValue>();
  readonly #names = new Set<string>();

  /** Declares the input. -1: any size. */
  placeholder(name: string, shape: Shape): string {
    return this.#add(name, 'Placeholder', [], { dtype: { type: types.float32 }, shape: { shape: shapeOf(shape) } });
  }

  /** Adds a node; its name. */
  op(wish: string, op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.#add(wish, op, inputs, { T: { type: types.float32 }, ...attributes });
  }

  floats(wish: string, { shape, data }: Tensor): string {
    const values = Float32Array.from(Array.from(data, Number));
    return this.#constant(wish, { dtype: 'float32', shape, values, bytes: bytesOf(values) });
  }

  scalar(wish: string, value: number): string {
    return this.floats(wish, { dtype: 'float32', shape: [], data: Float32Array.of(value) });
  }

  ints(wish: string, values: readonly number[], shape: Shape = [values.length]): string {
    const whole = Int32Array.from(values);
    return this.#constant(wish, { dtype: 'int32', shape, values: whole, bytes: bytesOf(whole) });
  }

  /** Whole numbers of −128 … 127 as floats, a byte each in the file. */
  codes(wish: string, { shape, data }: Tensor): string {
    const values = Float32Array.from(Array.from(data, Number));
    const bytes = Uint8Array.from(values, (code) => code + 128);
    return this.#constant(wish, {
      dtype: 'float32',
      shape,
      values,
      bytes,
      quantization: { dtype: 'uint8', scale: 1, min: -128 },
    });
  }

  /** What a constant node holds; undefined for any other. */
  constant(name: string): ConstantValue | undefined {
    return this.#values.get(name);
  }

  /** All weights, one after the other, as the manifest lists them. */
  bytes(): Uint8Array {
    return Buffer.concat(this.#data);
  }

  #constant(wish: string, { dtype, shape, values, bytes, quantization }: StoredConstant): string {
    const value = { tensor: { dtype: types[dtype], tensorShape: shapeOf(shape) } };
    const name = this.#add(wish, 'Const', [], { dtype: { type: types[dtype] }, value });
    this.weights.push({ name, shape, dtype, ...(quantization ? { quantization } : {}) });
    this.#data.push(bytes);
    this.#values.set(name, { shape, values });
    return name;
  }

  #add(wish: string, op: string, inputs: readonly string[], attr: Readonly<Record<string, Attribute>>): string {
    const name = this.#fresh(wish);
    this.nodes.push({ name, op, ...(inputs.length === 0 ? {} : { input: inputs }), attr });
    return name;
  }

  #fresh(wish: string): string {
    // What TensorFlow allows in names.
    const plain = wish.replaceAll(/[^A-Za-z0-9_./-]/g, '_').replace(/^[^A-Za-z0-9.]/, 'n');
    let name = plain;
    for (let n = 1; this.#names.has(name); n++) name = `${plain}_${n}`;
    this.#names.add(name);
    return name;
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
