import { createHash } from 'node:crypto';
import type { Graph } from './graph.ts';

/** Hash of all that a graph computes with: equal for graphs that are equal, down to the bits of their weights. */
export function fingerprint({ name, inputs, outputs, nodes, initializers }: Graph): string {
  const hash = createHash('sha256').update(JSON.stringify({ name, inputs, outputs, nodes }, plain));
  for (const [value, { dtype, shape, data }] of Object.entries(initializers)) {
    hash.update(`${value} ${dtype} ${shape.join()}`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/** Tensors in attributes may hold integers that JSON does not know. */
const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);
