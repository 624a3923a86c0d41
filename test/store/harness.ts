import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StudyEvent } from '../../src/core/event.ts';
import type { StudyRecord } from '../../src/core/store.ts';
import type { Outcome } from '../../src/core/trial.ts';
import { onCleanup } from '../fixtures/cleanup.ts';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-test-'));
  onCleanup(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const recordOf = (name: string): StudyRecord => ({
  name,
  createdAt: 1000,
  seed: 'seed',
  controller: 'random',
  space: { file: 'räume/resnet.yaml', text: 'model: resnet\n# "quoted"\n', hash: 'abc' },
  facts: { versions: { espalier: '0.1.0' }, lookAhead: 8 },
});

export const asked = (trial: number, at = 2000): StudyEvent => ({
  type: 'asked',
  at,
  trial,
  candidate: { keep: 0.5, bits: 8, on: true, importance: 'l1' },
  key: `k${trial}`,
  origin: 'random',
});

export const started = (trial: number, at = 3000, attempt = 0): StudyEvent => ({
  type: 'started',
  at,
  trial,
  attempt,
  worker: trial % 2,
});

export const done: Outcome = {
  state: 'done',
  metrics: { accuracy: 0.9, size: 1234 },
  artefact: { sha256: 'f00', bytes: 1234 },
  details: { curve: [1, 2] },
  seconds: 1.5,
};

export const finished = (trial: number, outcome: Outcome = done, at = 4000): StudyEvent => ({
  type: 'finished',
  at,
  trial,
  outcome,
});

export const session = (phase: 'begin' | 'end', at: number): StudyEvent => ({
  type: 'session',
  at,
  phase,
  facts: { reason: phase },
});
