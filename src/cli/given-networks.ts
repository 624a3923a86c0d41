import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { NasError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { StudyRecord } from '../core/store.ts';
import type { ExportFiles } from '../export/formats/format.ts';
import { readNetworkFile } from '../network/models/import/read.ts';
import type { ModelSpec, TeacherSpec } from '../network/models/index.ts';
import type { Settle } from '../search/space/file/parse.ts';
import { keepGiven, readGiven } from '../trial/given.ts';
import { baselineFolder } from './folders.ts';
import { factsOf } from './study-facts.ts';
import { checkCache } from './writable.ts';

/** The sections of a space file that name networks: each is read, kept by its content, and named by its hash from then on. */
export function settle(space: string): Settle {
  const folder = dirname(resolve(space));
  return {
    model: ({ model }) => {
      const spec = model as unknown as ModelSpec;
      return spec.family === 'file' ? (keep(folder, 'model', spec) as Json) : model;
    },
    baseline: ({ model, baseline }, written) => {
      const own = (written as { baseline?: { epochs?: number } | null }).baseline?.epochs;
      const isGiven = (model as unknown as ModelSpec).family === 'file';
      return isGiven && own === undefined ? { ...(baseline as object), epochs: 0 } : baseline;
    },
    teacher: ({ teacher }) =>
      teacher === undefined ? undefined : (keep(folder, 'teacher', teacher as unknown as TeacherSpec) as Json),
  };
}

/**
 * What an export tells of a space: its text, and the networks that it names, where `keep` finds them although they lie elsewhere
 * than on the machine that searched.
 */
export function spaceFiles(record: StudyRecord): ExportFiles {
  const { model, teacher } = factsOf(record).sections as { readonly model: Json; readonly teacher?: Json };
  const networks = Object.entries({ model, teacher }).flatMap(([section, spec]) => {
    const { sha256 } = (spec ?? {}) as { readonly sha256?: string };
    const bytes = sha256 === undefined ? undefined : readGiven(baselineFolder(), sha256);
    return bytes ? [[shippedNetwork(section), bytes] as const] : [];
  });
  return { 'space.yaml': record.space.text, ...Object.fromEntries(networks) };
}

const shippedNetwork = (section: string) => join('networks', `${section}.onnx`);

/** The section with the hash of its file. Throws NasError NETWORK_FILE, NETWORK_CHANGED, ONNX_…. */
function keep<Spec extends { readonly file: string; readonly sha256?: string | undefined }>(
  folder: string,
  section: string,
  spec: Spec,
): Spec {
  const [written, shipped] = [resolve(folder, spec.file), resolve(folder, shippedNetwork(section))];
  const path = !existsSync(written) && existsSync(shipped) ? shipped : written;
  checkCache();
  const sha256 = keepGiven(baselineFolder(), readNetworkFile(path));
  if (spec.sha256 === undefined || spec.sha256 === sha256) return { ...spec, sha256 };
  const message = `${join(folder, spec.file)} has the SHA-256 ${sha256}, not ${spec.sha256}: it is another network.`;
  throw new NasError('NETWORK_CHANGED', message, { facts: { file: path, sha256 } });
}
