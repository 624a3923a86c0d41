import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ModelProto, ModelProtoSchema, StringStringEntryProtoSchema } from '../../../../src/network/ir/onnx_pb.ts';
import { importNetwork } from '../../../../src/network/models/import/import.ts';
import { readNetworkFile } from '../../../../src/network/models/import/read.ts';
import { networkBytes, networkPath } from '../../../fixtures/networks.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'networks-'));
  copyFileSync(networkPath('tiny-beside').replace(/$/, '.data'), join(folder, 'tiny-beside.onnx.data'));
  writeFileSync(join(folder, '..', `${folder.split('/').at(-1)}-secret`), 'not yours');
  symlinkSync(join(folder, '..'), join(folder, 'out'));
  mkdirSync(join(folder, 'sub'));
});
afterAll(() => {
  rmSync(`${folder}-secret`, { force: true });
  rmSync(folder, { recursive: true, force: true });
});

/** A file whose weights lie beside it, changed. */
function beside(change: (model: ModelProto) => void): string {
  const model = fromBinary(ModelProtoSchema, new Uint8Array(readBytes('tiny-beside')));
  change(model);
  const path = join(folder, 'changed.onnx');
  writeFileSync(path, toBinary(ModelProtoSchema, model));
  return path;
}

function readBytes(name: string): Uint8Array {
  // The file as it is, its weights not taken in.
  return new Uint8Array(readFileSync(networkPath(name)));
}

const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });

const withPlace = (key: string, value: string) => () =>
  beside(({ graph }) => {
    const [tensor] = graph!.initializer;
    tensor!.externalData = [...tensor!.externalData.filter((each) => each.key !== key), entry(key, value)];
  });

const refused: Record<string, [code: string, message: RegExp, path: () => string]> = {
  'is not there': ['NETWORK_FILE', /ENOENT/, () => join(folder, 'nothing.onnx')],
  'is a folder': ['NETWORK_FILE', /no file/, () => folder],
  'is empty': [
    'NETWORK_FILE',
    /the file is empty\. Export/,
    () => {
      const path = join(folder, 'empty.onnx');
      writeFileSync(path, '');
      return path;
    },
  ],
  'is a device': ['NETWORK_FILE', /no file/, () => '/dev/zero'],
  'has 3 GB, none of them read': [
    'ONNX_SIZE',
    /less than 2 GB/,
    () => {
      const path = join(folder, 'huge.onnx');
      writeFileSync(path, '');
      truncateSync(path, 3 * 2 ** 30);
      return path;
    },
  ],
  'is all structure': [
    'ONNX_STRUCTURE',
    /MB beside its weights/,
    () => {
      const path = join(folder, 'bomb.onnx');
      writeFileSync(path, new Uint8Array(40 * 2 ** 20));
      return path;
    },
  ],
  'names a file above its folder': [
    'ONNX_EXTERNAL_DATA',
    /outside of the model's folder/,
    withPlace('location', '../etc/passwd'),
  ],
  'names a file by its whole path': ['ONNX_EXTERNAL_DATA', /outside of the model's folder/, withPlace('location', '/etc/passwd')],
  'goes out by a link': [
    'ONNX_EXTERNAL_DATA',
    /a link out of the model's folder/,
    () => withPlace('location', `out/${folder.split('/').at(-1)}-secret`)(),
  ],
  'names a folder': ['ONNX_EXTERNAL_DATA', /"sub" is no file/, withPlace('location', 'sub')],
  'names nothing': ['ONNX_EXTERNAL_DATA', /"gone" is not there/, withPlace('location', 'gone')],
  'reads past the end': ['ONNX_EXTERNAL_DATA', /would end at byte/, withPlace('offset', '100000')],
  'has an offset that is none': ['ONNX_EXTERNAL_DATA', /no whole number/, withPlace('offset', '-1')],
  'wants 3 GB beside it': ['ONNX_SIZE', /less than 2 GB/, withPlace('length', String(3 * 2 ** 30))],
};

describe('a network from a file', () => {
  it('may have its weights beside it', () => {
    expect(importNetwork(readNetworkFile(networkPath('tiny-beside')))).toEqual(importNetwork(networkBytes('tiny')));
  });

  it.each(Object.entries(refused))('is refused where it %s', (_, [code, message, path]) => {
    const file = path();
    expect(() => readNetworkFile(file)).toThrow(expect.objectContaining({ code }));
    expect(() => readNetworkFile(file)).toThrow(message);
  });
});
