import { Builder } from 'flatbuffers';
import type { Field } from './schema.ts';

/** Bytes between which a runtime may read constants at once, without copying them. */
const alignment = 16;

/**
 * Tables and vectors of a FlatBuffer, by the place where they begin. What a table points to must be written before it. Equal
 * vectors of whole numbers are written once: a runtime only reads them.
 */
export class Tables {
  readonly #builder = new Builder(1024);
  readonly #vectors = new Map<string, number>();

  table(fields: readonly Field[]): number {
    this.#builder.startObject(Math.max(0, ...fields.map(([, slot]) => slot + 1)));
    for (const field of fields) this.#field(field);
    return this.#builder.endObject();
  }

  text(value: string): number {
    return this.#builder.createString(value);
  }

  offsets(values: readonly number[]): number {
    return this.#vector(4, values, (value) => this.#builder.addOffset(value));
  }

  ints(values: readonly number[]): number {
    return this.#once('int', values, () => this.#vector(4, values, (value) => this.#builder.addInt32(value)));
  }

  /** Whole numbers of 0 and more, of so many bytes each. */
  unsigned(values: readonly number[], bytes: 1 | 2 | 4): number {
    if (bytes === 4) return this.ints(values);
    const b = this.#builder;
    b.startVector(bytes, values.length, 4);
    for (const value of values.toReversed())
      if (bytes === 1) b.addInt8(value);
      else b.addInt16(value);
    return b.endVector();
  }

  longs(values: readonly number[]): number {
    return this.#once('long', values, () => this.#vector(8, values, (value) => this.#builder.addInt64(BigInt(value))));
  }

  floats(values: readonly number[]): number {
    return this.#vector(4, values, (value) => this.#builder.addFloat32(value));
  }

  bytes(bytes: Uint8Array): number {
    this.#builder.prep(alignment, bytes.length);
    return this.#builder.createByteVector(bytes);
  }

  /** @param identifier four letters that tell the kind of file */
  finish(root: number, identifier: string): Uint8Array {
    this.#builder.finish(root, identifier);
    return this.#builder.asUint8Array();
  }

  #field([kind, slot, value]: Field): void {
    const b = this.#builder;
    switch (kind) {
      case 'int8':
      case 'bool':
        b.addFieldInt8(slot, value, 0);
        break;
      case 'int32':
        b.addFieldInt32(slot, value, null);
        break;
      case 'float32':
        b.addFieldFloat32(slot, value, 0);
        break;
      case 'offset':
        b.addFieldOffset(slot, value, 0);
        break;
      default:
        kind satisfies never;
    }
  }

  #once(kind: string, values: readonly number[], write: () => number): number {
    const key = `${kind} ${values.join(' ')}`;
    const place = this.#vectors.get(key) ?? write();
    this.#vectors.set(key, place);
    return place;
  }

  /** FlatBuffers are written from their end. */
  #vector(size: number, values: readonly number[], add: (value: number) => void): number {
    this.#builder.startVector(size, values.length, size);
    for (const value of values.toReversed()) add(value);
    return this.#builder.endVector();
  }
}
