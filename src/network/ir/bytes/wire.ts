import { NasError } from '../../../core/errors.ts';

/** Fields of onnx.proto that hold numbers by the million; all else of a file is structure. */
const fields = { modelGraph: 7, graphInitializer: 5, tensorRaw: 9, tensorFloats: 4 } as const;

/** Bytes of a file that may be anything but weights: every one of them can become hundreds in memory once it is parsed. */
const mostStructure = 32 * 2 ** 20;

/**
 * Refuses a file whose nodes, names and small numbers would take more memory than any network's: before it is parsed.
 * Bytes that are no messages end the look; the parser then says what is wrong with them. @throws NasError ONNX_STRUCTURE
 */
export function checkStructure(bytes: Uint8Array): void {
  let weights = 0;
  for (const graph of fieldsOf(bytes, 0, bytes.length)) {
    if (graph.field !== fields.modelGraph) continue;
    for (const tensor of fieldsOf(bytes, graph.start, graph.end)) {
      if (tensor.field !== fields.graphInitializer) continue;
      for (const { field, start, end } of fieldsOf(bytes, tensor.start, tensor.end)) {
        if (field === fields.tensorRaw || field === fields.tensorFloats) weights += end - start;
      }
    }
  }
  const structure = bytes.length - weights;
  if (structure <= mostStructure) return;
  const message = `the file has ${Math.round(structure / 2 ** 20)} MB beside its weights; at most ${mostStructure / 2 ** 20} are read`;
  throw new NasError('ONNX_STRUCTURE', message, { facts: { bytes: structure } });
}

interface Field {
  readonly field: number;
  readonly start: number;
  readonly end: number;
}

/** Fields of a message with a length, in the Protocol Buffers wire format; stops at the first one that makes no sense. */
function* fieldsOf(bytes: Uint8Array, from: number, to: number): Generator<Field> {
  let at = from;
  /** Undefined at the end, or where it is longer than a number may be. */
  const varint = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 64 && at < to; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return undefined;
  };
  while (at < to) {
    const tag = varint();
    if (tag === undefined) return;
    const [field, kind] = [Math.floor(tag / 8), tag % 8];
    if (kind === 0) varint();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else if (kind === 2) {
      const length = varint();
      if (length === undefined || at + length > to) return;
      yield { field, start: at, end: at + length };
      at += length;
    } else return;
  }
}
