import { closeSync, fstatSync, openSync, readFileSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, isAbsolute, join, sep } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { NasError } from '../../../core/errors.ts';
import { parse } from '../../ir/bytes/decode.ts';
import { checkStructure } from '../../ir/bytes/wire.ts';
import { ModelProtoSchema, type TensorProto, TensorProto_DataLocation } from '../../ir/onnx_pb.ts';

/** What Protocol Buffers can hold, and so an ONNX file. */
const largest = 2 ** 31 - 1;

/**
 * The bytes of an ONNX file, weights that lie in files beside it taken in. Nothing outside of its folder is opened.
 *
 * @throws NasError NETWORK_FILE (not there, not a file, unreadable), ONNX_SIZE (2 GB or more, found without reading),
 * ONNX_STRUCTURE, ONNX_PARSE, ONNX_EXTERNAL_DATA.
 */
export function readNetworkFile(path: string): Uint8Array {
  const { size } = lookAt(path);
  checkSize(path, size);
  const bytes = new Uint8Array(readFileSync(path));
  checkStructure(bytes);
  const model = parse(bytes);
  const outside = (model.graph?.initializer ?? []).filter(isOutside);
  if (outside.length === 0) return bytes;
  const folder = realpathSync(dirname(path));
  let total = size;
  for (const tensor of outside) {
    const part = placeOf(tensor);
    total += part.length ?? 0;
    checkSize(path, total);
    Object.assign(tensor, { rawData: readPart(folder, tensor.name, part), dataLocation: TensorProto_DataLocation.DEFAULT });
    tensor.externalData = [];
  }
  return toBinary(ModelProtoSchema, model);
}

const isOutside = (tensor: TensorProto): boolean => tensor.dataLocation === TensorProto_DataLocation.EXTERNAL;

function lookAt(path: string): Stats {
  const refuse = (problem: string) => new NasError('NETWORK_FILE', `${path}: ${problem}`, { facts: { file: path } });
  let found: Stats;
  try {
    found = statSync(path);
    if (found.isFile()) closeSync(openSync(path, 'r'));
  } catch (cause) {
    throw refuse(`the network's file cannot be read (${cause instanceof Error ? cause.message : String(cause)})`);
  }
  if (!found.isFile()) throw refuse('this is no file');
  if (found.size === 0) throw refuse('the file is empty. Export the network again, or copy it again to its end.');
  return found;
}

function checkSize(path: string, size: number): void {
  if (size <= largest) return;
  throw new NasError('ONNX_SIZE', `${path}: ${size} bytes; an ONNX file has less than 2 GB`, { facts: { file: path, size } });
}

interface Place {
  readonly location: string;
  readonly offset: number;
  readonly length: number | undefined;
}

function placeOf({ externalData, name }: TensorProto): Place {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const number = (key: string) => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value)) throw external(name, `its ${key} is "${text.slice(0, 40)}", no whole number`);
    return value;
  };
  return { location: entries.get('location') ?? '', offset: number('offset') ?? 0, length: number('length') };
}

/** A part of a file in the folder; links out of it count as outside. */
function readPart(folder: string, name: string, { location, offset, length }: Place): Uint8Array {
  const shown = location.slice(0, 100);
  if (location === '' || isAbsolute(location) || location.split(/[\\/]/).includes('..'))
    throw external(name, `its file is "${shown}", outside of the model's folder, which is not read`);
  let file: string;
  try {
    file = realpathSync(join(folder, location));
  } catch {
    throw external(name, `its file "${shown}" is not there. Keep it beside the model, or save the model as a single file`);
  }
  const within = file.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  if (!within) throw external(name, `its file "${shown}" is a link out of the model's folder, which is not read`);
  if (!statSync(file).isFile()) throw external(name, `"${shown}" is no file`);
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const count = length ?? size - offset;
    if (count < 0 || offset + count > size)
      throw external(name, `it would end at byte ${offset + count} of the ${size} of "${shown}"`);
    const part = new Uint8Array(count);
    let done = 0;
    while (done < count) done += readSync(handle, part, done, count - done, offset + done);
    return part;
  } finally {
    closeSync(handle);
  }
}

const external = (name: string, problem: string) =>
  new NasError('ONNX_EXTERNAL_DATA', `the data of "${name.slice(0, 100)}" is in another file: ${problem}.`, { facts: { name } });
