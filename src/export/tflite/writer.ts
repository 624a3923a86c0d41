import type { Shape } from '../../network/ir/graph.ts';
import {
  type Field,
  fileIdentifier,
  type OperatorName,
  type Options,
  operators,
  schemaVersion,
  type TensorTypeName,
  tensorTypes,
} from './schema.ts';
import { Tables } from './tables.ts';
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
}

/** What the file says of itself. */
export interface About {
  readonly description: string;
  readonly metadata?: Uint8Array;
}

interface OperatorEntry {
  readonly code: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options?: Options;
}

/** Collects the tensors and operators of a TensorFlow Lite model with one subgraph. Tensors are known by their number. */
export class ModelWriter {
  readonly #tensors: TensorEntry[] = [];
  readonly #operators: OperatorEntry[] = [];
  /** Operators and their versions, in the order of their first use. */
  readonly #codes: string[] = [];

  tensor(entry: TensorEntry): number {
    return this.#tensors.push(entry) - 1;
  }

  shapeOf(tensor: number): Shape {
    return this.#tensors[tensor]!.shape;
  }

  ints(name: string, values: readonly number[], shape: Shape = [values.length]): number {
    return this.tensor({ name, type: 'int32', shape, data: Int32Array.from(values) });
  }

  /** Constant codes; those of four bits take half a byte each. */
  codes(name: string, shape: Shape, codes: readonly number[], quantization: Quantization): number {
    const halves = codes.every((code) => code >= -8 && code <= 7);
    const stored = halves
      ? ({ type: 'int4', data: packed(codes) } as const)
      : ({ type: 'int8', data: Int8Array.from(codes) } as const);
    return this.tensor({ name, shape, quantization, ...stored });
  }

  operator(name: OperatorName, inputs: readonly number[], output: number, options?: Options): void {
    const used = inputs.map((input) => this.#tensors[input]!);
    const key = `${name} ${versionOf({ name, inputs: used, output: this.#tensors[output]!, options })}`;
    if (!this.#codes.includes(key)) this.#codes.push(key);
    this.#operators.push({ code: this.#codes.indexOf(key), inputs, outputs: [output], ...(options ? { options } : {}) });
  }

  /** The bytes of the file. `metadata`: what programs may want to know of it, see metadata.ts. */
  finish(input: number, output: number, { description, metadata }: About): Uint8Array {
    const t = new Tables();
    // Buffer 0 is that of all tensors that are no constants.
    const buffers = [t.table([])];
    const tensors = this.#tensors.map((entry) => {
      if (entry.data) buffers.push(t.table([['offset', 0, t.bytes(bytesOf(entry.data))]]));
      return writeTensor(t, entry, entry.data ? buffers.length - 1 : 0);
    });
    const written = this.#operators.map((operator) => writeOperator(t, operator));
    const subgraph = t.table([
      ['offset', 0, t.offsets(tensors)],
      ['offset', 1, t.ints([input])],
      ['offset', 2, t.ints([output])],
      ['offset', 3, t.offsets(written)],
      ['offset', 4, t.text('main')],
    ]);
    const codes = this.#codes.map((key) => writeCode(t, key));
    if (metadata) buffers.push(t.table([['offset', 0, t.bytes(metadata)]]));
    const told = metadata
      ? [
          t.table([
            ['offset', 0, t.text('TFLITE_METADATA')],
            ['int32', 1, buffers.length - 1],
          ]),
        ]
      : [];
    const model = t.table([
      ['int32', 0, schemaVersion],
      ['offset', 1, t.offsets(codes)],
      ['offset', 2, t.offsets([subgraph])],
      ['offset', 3, t.text(description)],
      ['offset', 4, t.offsets(buffers)],
      ['offset', 6, t.offsets(told)],
      ['offset', 7, t.offsets([this.#signature(t, input, output)])],
    ]);
    return t.finish(model, fileIdentifier);
  }

  /** Names by which a program finds the input and the output. */
  #signature(t: Tables, input: number, output: number): number {
    const [inputs, outputs] = [input, output].map((tensor) => {
      const entry = t.table([
        ['offset', 0, t.text(this.#tensors[tensor]!.name)],
        ['int32', 1, tensor],
      ]);
      return t.offsets([entry]);
    });
    return t.table([
      ['offset', 0, inputs!],
      ['offset', 1, outputs!],
      ['offset', 2, t.text('serving_default')],
      ['int32', 4, 0],
    ]);
  }
}

/** Two codes to a byte, the first in its lower half. */
const packed = (codes: readonly number[]) =>
  Uint8Array.from(
    { length: Math.ceil(codes.length / 2) },
    (_, i) => (codes[2 * i]! & 15) | (((codes[2 * i + 1] ?? 0) & 15) << 4),
  );

function writeTensor(t: Tables, { name, type, shape, quantization }: TensorEntry, buffer: number): number {
  const fields: Field[] = [
    ['offset', 0, t.ints(shape)],
    ['int8', 1, tensorTypes[type]],
    ['int32', 2, buffer],
    ['offset', 3, t.text(name)],
  ];
  if (quantization) fields.push(['offset', 4, writeQuantization(t, quantization)]);
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

/** Up to 127 an operator's number also stands in a byte, where runtimes of before 2020 look for it. */
function writeCode(t: Tables, key: string): number {
  const [name, version] = key.split(' ') as [OperatorName, string];
  const code = operators[name];
  return t.table([
    ['int8', 0, Math.min(code, 127)],
    ['int32', 2, Number(version)],
    ['int32', 3, code],
  ]);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: NonNullable<TensorEntry['data']>): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
