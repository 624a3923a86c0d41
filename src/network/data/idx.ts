import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { NasError } from '../../core/errors.ts';

/**
 * The idx format (http://yann.lecun.com/exdb/mnist): a magic number 00 00 08 R for unsigned bytes in R dimensions, the R sizes
 * as big-endian 32-bit integers, then the bytes, row-major.
 */
export interface IdxFile {
  readonly path: string;
  readonly sizes: readonly number[];
  /** On a SharedArrayBuffer. */
  readonly data: Uint8Array;
  /** Hex, of the unpacked file. */
  readonly sha256: string;
}

const unsignedByte = 0x08;
const largestFile = 2 ** 31;

/**
 * Reads an idx file of unsigned bytes, gzip-compressed where its name ends in `.gz`. Memory is bounded by what the header
 * announces: reading stops at the first byte too many.
 * Throws NasError DATA_CORRUPT: unreadable, not gzip, wrong magic, shorter or longer than announced.
 */
export async function readIdx(path: string, dimensions: 1 | 3): Promise<IdxFile> {
  const reader = new IdxReader(path, dimensions);
  try {
    for await (const chunk of openContent(path)) reader.push(chunk);
  } catch (error) {
    if (error instanceof NasError) throw error;
    throw corrupt(path, `cannot be read (${error instanceof Error ? error.message : String(error)})`, error);
  }
  return reader.finish();
}

/** Leaving the loop over it, by an error too, closes the file. */
function openContent(path: string): AsyncIterable<Buffer> {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  if (!path.endsWith('.gz')) return file as AsyncIterable<Buffer>;
  // The errors of both end up in the last stream, whose reader gets them; the callback has nothing left to do.
  return pipeline(file, createGunzip({ chunkSize: 1 << 20 }), () => undefined);
}

/** Takes a file's bytes as they come: header first, which says how much may follow. */
class IdxReader {
  private readonly path: string;
  private readonly header: Buffer;
  private readonly hash = createHash('sha256');
  private headerFilled = 0;
  private sizes: readonly number[] = [];
  private data: Uint8Array = new Uint8Array(0);
  private filled = 0;

  constructor(path: string, dimensions: number) {
    this.path = path;
    this.header = Buffer.alloc(4 + 4 * dimensions);
  }

  push(chunk: Buffer): void {
    this.hash.update(chunk);
    const body = this.headerFilled < this.header.length ? this.takeHeader(chunk) : chunk;
    if (this.filled + body.length > this.data.length) {
      throw corrupt(this.path, `holds more than the ${this.data.length} bytes that its header announces ${this.sizes.join('×')}`);
    }
    this.data.set(body, this.filled);
    this.filled += body.length;
  }

  finish(): IdxFile {
    if (this.headerFilled < this.header.length)
      throw corrupt(this.path, `ends after ${this.headerFilled} bytes, inside the header`);
    if (this.filled < this.data.length) {
      throw corrupt(
        this.path,
        `ends after ${this.filled} of the ${this.data.length} bytes that its header announces ${this.sizes.join('×')}`,
      );
    }
    return { path: this.path, sizes: this.sizes, data: this.data, sha256: this.hash.digest('hex') };
  }

  /** Returns what of the chunk is not header. */
  private takeHeader(chunk: Buffer): Buffer {
    const taken = chunk.copy(this.header, this.headerFilled);
    this.headerFilled += taken;
    if (this.headerFilled < this.header.length) return chunk.subarray(taken);
    const dimensions = (this.header.length - 4) / 4;
    const magic = this.header.readUInt32BE(0);
    const expected = unsignedByte * 256 + dimensions;
    if (magic !== expected) throw corrupt(this.path, `its magic number is ${hex(magic)}, not ${hex(expected)}`);
    this.sizes = Array.from({ length: dimensions }, (_, i) => this.header.readUInt32BE(4 + 4 * i));
    const bytes = this.sizes.reduce((product, size) => product * size, 1);
    if (bytes === 0 || bytes > largestFile)
      throw corrupt(this.path, `its header announces ${this.sizes.join('×')}, ${bytes} bytes`);
    this.data = new Uint8Array(new SharedArrayBuffer(bytes));
    return chunk.subarray(taken);
  }
}

const hex = (magic: number) => `0x${magic.toString(16).padStart(8, '0')}`;

/** The error of a file that is there but cannot be what it should be. */
export function corrupt(path: string, problem: string, cause?: unknown): NasError {
  return new NasError('DATA_CORRUPT', `${path}: ${problem}.`, { facts: { file: path, problem }, cause });
}
