import type { Shape } from '../../network/ir/graph.ts';
import { densify, type Field, type OperatorName, type Options, type TensorTypeName, tensorTypes } from './schema.ts';
import { type SparseRows, sparseRows, writeRows } from './sparse.ts';
import type { Tables } from './tables.ts';
import { versionOf } from './versions.ts';

/** real = scale · (code − zero); a scale for every index of `axis` where there are several. */
export interface Quantization {
  readonly scales: readonly number[];
  readonly zero: number;
  readonly axis: number;
}

export interface TensorEntry {
  readonly name: string;
  readonly type: TensorTypeName;
  readonly shape: Shape;
  readonly quantization?: Quantization;
  /** Of a constant. */
  readonly data?: Float32Array | Int32Array | Int8Array | Uint8Array;
  /** Where `data` are only the values that are not 0. */
  readonly rows?: SparseRows;
}

interface OperatorEntry {
  readonly code: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options?: Options;
}

/** What all subgraphs of a model have in common. */
export interface ModelParts {
  /** The number of an operator in its version, noted at its first use. */
  codeOf(name: OperatorName, version: number): number;
  /** The number of a new buffer with these bytes. */
  buffer(t: Tables, bytes: Uint8Array): number;
}

/** Collects the tensors and operators of one subgraph. Tensors are known by their number. */
export class SubgraphWriter {
  /** In the model; 0 is the one that runs. */
  readonly number: number;
  readonly #name: string;
  readonly #model: ModelParts;
  readonly #tensors: TensorEntry[] = [];
  readonly #operators: OperatorEntry[] = [];
  #inputs: readonly number[] = [];
  #outputs: readonly number[] = [];

  constructor(name: string, number: number, model: ModelParts) {
    this.#name = name;
    this.number = number;
    this.#model = model;
  }

  tensor(entry: TensorEntry): number {
    return this.#tensors.push(entry) - 1;
  }

  shapeOf(tensor: number): Shape {
    return this.#tensors[tensor]!.shape;
  }

  nameOf(tensor: number): string {
    return this.#tensors[tensor]!.name;
  }

  ints(name: string, values: readonly number[], shape: Shape = [values.length]): number {
    return this.tensor({ name, type: 'int32', shape, data: Int32Array.from(values) });
  }

  floats(name: string, shape: Shape, data: Float32Array): number {
    return this.#constant({ name, type: 'float32', shape, data }, data);
  }

  /** Constant codes; those of four bits take half a byte each. */
  codes(name: string, shape: Shape, codes: readonly number[], quantization: Quantization): number {
    const data = Int8Array.from(codes);
    const halves = codes.every((code) => code >= -8 && code <= 7);
    const stored = halves ? ({ type: 'int4', data: packed(codes) } as const) : ({ type: 'int8', data } as const);
    return this.#constant({ name, shape, quantization, ...stored }, data);
  }

  /** Of a constant that takes less so, the values that are not 0: they are spread out when a runtime loads the model. */
  #constant(dense: TensorEntry, values: Float32Array | Int8Array): number {
    const sparse = sparseRows(dense.shape, values, dense.data!.byteLength);
    if (!sparse) return this.tensor(dense);
    const { data: _, ...entry } = { ...dense, type: values instanceof Int8Array ? ('int8' as const) : ('float32' as const) };
    const spread = this.tensor(entry);
    const stored = this.tensor({ ...entry, name: `${dense.name}/sparse`, data: sparse.values, rows: sparse.rows });
    this.operator('DENSIFY', [stored], spread, densify);
    return spread;
  }

  operator(name: OperatorName, inputs: readonly number[], output: number, options?: Options): void {
    const used = inputs.map((input) => this.#tensors[input]!);
    const code = this.#model.codeOf(name, versionOf({ name, inputs: used, output: this.#tensors[output]!, options }));
    this.#operators.push({ code, inputs, outputs: [output], ...(options ? { options } : {}) });
  }

  /** What goes in and comes out. */
  between(inputs: readonly number[], outputs: readonly number[]): void {
    this.#inputs = inputs;
    this.#outputs = outputs;
  }

  write(t: Tables): number {
    const tensors = this.#tensors.map((entry) => {
      const buffer = entry.data ? this.#model.buffer(t, bytesOf(entry.data)) : noBuffer;
      return writeTensor(t, entry, buffer);
    });
    const operators = this.#operators.map((operator) => writeOperator(t, operator));
    return t.table([
      ['offset', 0, t.offsets(tensors)],
      ['offset', 1, t.ints(this.#inputs)],
      ['offset', 2, t.ints(this.#outputs)],
      ['offset', 3, t.offsets(operators)],
      ['offset', 4, t.text(this.#name)],
    ]);
  }
}

/** That of all tensors that are no constants. */
export const noBuffer = 0;

/** Two codes to a byte, the first in its lower half. */
const packed = (codes: readonly number[]) =>
  Uint8Array.from(
    { length: Math.ceil(codes.length / 2) },
    (_, i) => (codes[2 * i]! & 15) | (((codes[2 * i + 1] ?? 0) & 15) << 4),
  );

function writeTensor(t: Tables, { name, type, shape, quantization, rows }: TensorEntry, buffer: number): number {
  const fields: Field[] = [
    ['offset', 0, t.ints(shape)],
    ['int8', 1, tensorTypes[type]],
    ['int32', 2, buffer],
    ['offset', 3, t.text(name)],
  ];
  if (quantization) fields.push(['offset', 4, writeQuantization(t, quantization)]);
  if (rows) fields.push(['offset', 6, writeRows(t, rows)]);
  return t.table([...fields, ['bool', 8, 1]]);
}

const writeQuantization = (t: Tables, { scales, zero, axis }: Quantization): number =>
  t.table([
    ['offset', 2, t.floats(scales)],
    ['offset', 3, t.longs(scales.map(() => zero))],
    ['int32', 6, axis],
  ]);

function writeOperator(t: Tables, { code, inputs, outputs, options }: OperatorEntry): number {
  const fields: Field[] = [
    ['int32', 0, code],
    ['offset', 1, t.ints(inputs)],
    ['offset', 2, t.ints(outputs)],
  ];
  if (!options) return t.table(fields);
  return t.table([...fields, ['int8', 3, options.type], ['offset', 4, t.table(options.fields)]]);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: NonNullable<TensorEntry['data']>): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
