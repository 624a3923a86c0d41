import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { artefactFolder } from '../../src/cli/artefact-folder.ts';
import { checkFormats } from '../../src/cli/shipping.ts';
import type { MeasuredTrial } from '../../src/core/trial.ts';
import type { ExportFormat } from '../../src/export/formats/format.ts';
import { artefactPath, sha256 } from '../../src/trial/artefacts.ts';
import { recordOf } from '../store/harness.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'nas-shipping-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

it('refuses a model whose file was damaged since, and names the trial and the file', async () => {
  const db = join(cwd, 'nas.db');
  const written = Buffer.from('a model');
  const trial = { number: 9, artefact: { sha256: sha256(written), bytes: written.length } } as unknown as MeasuredTrial;
  const path = artefactPath(artefactFolder(db), sha256(written));
  const view = { record: recordOf('a') };
  const seen: string[] = [];
  const format = { check: (model: Uint8Array) => seen.push(Buffer.from(model).toString()) } as unknown as ExportFormat;
  mkdirSync(artefactFolder(db));
  writeFileSync(path, written);
  await checkFormats(view, trial, [format], db);
  expect(seen).toEqual(['a model']);
  writeFileSync(path, written.subarray(0, 3));
  const message = `the model of trial 9 is not what was recorded: the bytes of ${path} have changed. Nothing was exported.`;
  await expect(checkFormats(view, trial, [format], db)).rejects.toMatchObject({ code: 'EXPORT_MISMATCH', message });
  expect(seen).toHaveLength(1);
});

it('says what to do where a model is not there: fetch its folder, or train it anew', async () => {
  const db = join(cwd, 'moved.db');
  const trial = { number: 9, artefact: { sha256: 'ab', bytes: 1 } } as unknown as MeasuredTrial;
  const view = { record: recordOf('a') };
  const missing = (text: string) =>
    expect.objectContaining({ code: 'ARTEFACT_MISSING', exitCode: 1, message: expect.stringContaining(text) });
  const format = { check: () => undefined } as unknown as ExportFormat;
  await expect(checkFormats(view, trial, [format], db)).rejects.toThrow(
    missing(`There is no such folder: it belongs beside ${db}`),
  );
  mkdirSync(artefactFolder(db));
  const again = `nas search --space 'räume/resnet.yaml' --db ${db} --study a-again --trials 2 --enqueue "trial 9 of a"`;
  await expect(checkFormats(view, trial, [format], db)).rejects.toThrow(missing(again));
});
