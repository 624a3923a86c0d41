import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { nas } from '../fixtures/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'nas-telemetry-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('onnxruntime keeps nothing of the user and sends nothing: not even its device id is made', async () => {
  expect((await nas(folder, 'doctor', '--no-speed')).stdout).toMatch(/onnxruntime/);
  expect(existsSync(join(folder, 'cache', 'Microsoft'))).toBe(false);
});
