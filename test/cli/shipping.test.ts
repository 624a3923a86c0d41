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
  const seen: string[] = [];
  const format = { check: (model: Uint8Array) => seen.push(Buffer.from(model).toString()) } as unknown as ExportFormat;
  mkdirSync(artefactFolder(db));
  writeFileSync(path, written);
  await checkFormats(trial, [format], db);
  expect(seen).toEqual(['a model']);
  writeFileSync(path, written.subarray(0, 3));
  const message = `the model of trial 9 is not what was recorded: the bytes of ${path} have changed. Nothing was exported.`;
  await expect(checkFormats(trial, [format], db)).rejects.toMatchObject({ code: 'EXPORT_MISMATCH', message });
  expect(seen).toHaveLength(1);
});
