import type { TrainCheckpoint } from './train.ts';

/**
 * A checkpoint as bytes: the length of the head (uint32, little endian), the head (JSON), then the vectors as they lie in
 * memory. For the machine that wrote it: a training goes on bit by bit only there.
 */
interface Head extends Omit<TrainCheckpoint, 'vectors'> {
  /** Of the training code, see `encodeCheckpoint`. */
  readonly version: number;
  /** Numbers of every vector, in the order in which they follow. */
  readonly sizes: readonly (readonly [name: string, size: number])[];
}

/** `version` changes when training changes its results: an older checkpoint would not go on as it had begun. */
export function encodeCheckpoint({ vectors, ...rest }: TrainCheckpoint, version: number): Uint8Array {
  const sizes = Object.entries(vectors).map(([name, vector]) => [name, vector.length] as const);
  const head = Buffer.from(JSON.stringify({ ...rest, version, sizes } satisfies Head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  const bodies = Object.values(vectors).map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
  return Buffer.concat([length, head, ...bodies]);
}

/** Undefined for a checkpoint of another version. The bytes must be what `encodeCheckpoint` gave, and may go on behind it. */
export function decodeCheckpoint(bytes: Uint8Array, version: number): TrainCheckpoint | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headEnd = 4 + file.readUInt32LE();
  const { version: found, sizes, ...rest } = JSON.parse(file.toString('utf8', 4, headEnd)) as Head;
  if (found !== version) return undefined;
  let offset = headEnd;
  const vectors = sizes.map(([name, size]) => {
    const vector = new Float32Array(new Uint8Array(file.subarray(offset, offset + 4 * size)).buffer);
    offset += 4 * size;
    return [name, vector] as const;
  });
  return { ...rest, vectors: Object.fromEntries(vectors) };
}
