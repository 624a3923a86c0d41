import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collectGarbage } from '../../src/cli/commands/gc.ts';
import { mayGoOn, neededFiles, shippable, sweep } from '../../src/cli/garbage.ts';
import type { Json } from '../../src/core/json.ts';
import type { Trial } from '../../src/core/trial.ts';
import { openStore, type StudyView } from '../../src/store/index.ts';
import { recordOf, temporaryFolder } from '../store/harness.ts';

const hash = (letter: string) => letter.repeat(64);
const goal = { objectives: [{ metric: 'accuracy', direction: 'maximize' }], constraints: [] } as unknown as Json;

const measured = (number: number, accuracy: number, more: object = {}): Trial => ({
  number,
  candidate: {},
  key: `${number}`,
  origin: 'x',
  state: 'done',
  metrics: { accuracy },
  artefact: { sha256: hash(`${number}`), bytes: 1 },
  seconds: 1,
  finishedAt: 0,
  ...more,
});

const paused = (number: number, letter: string, more: object = {}): Trial =>
  measured(number, 0.1, {
    rung: { index: 0, fidelity: 0.5, ends: [0.5, 1], epochs: 1, checkpoint: { sha256: hash(letter), bytes: 1 } },
    ...more,
  });

const viewOf = (trials: Trial[], reason?: string): StudyView => ({
  record: { ...recordOf('study'), facts: { goal } },
  trials,
  sessions: [{ begin: { at: 0, facts: {} }, ...(reason === undefined ? {} : { end: { at: 1, facts: { reason } } }) }],
  replicates: [],
  favourites: new Set(),
  snapshot: undefined,
  position: 0,
});

const trials = [measured(0, 0.5), measured(1, 0.4), measured(2, 0.9), paused(3, 'a'), paused(4, 'b', { stopped: 'hopeless' })];

describe('what stays in an artefact folder', () => {
  it('are the models of the front and of the dense network', () => {
    const needed = neededFiles([viewOf(trials, 'budget')]);
    expect(needed).toEqual(new Set([`${hash('0')}.onnx`, `${hash('2')}.onnx`]));
  });

  it('each once: a baseline on the front, a favourite on it', () => {
    const view = { ...viewOf([measured(0, 0.9), measured(1, 0.4)]), favourites: new Set([0, 1]) };
    expect(shippable(view).map(({ number }) => number)).toEqual([0, 1]);
  });

  it('and those that somebody marked', () => {
    const needed = neededFiles([{ ...viewOf(trials, 'budget'), favourites: new Set([1]) }]);
    expect(needed).toContain(`${hash('1')}.onnx`);
  });

  it.each(['time', 'stopped', 'failing', undefined])('and the checkpoints of a study that is not over (%s)', (reason) => {
    const needed = neededFiles([viewOf(trials, reason)]);
    expect([...needed].filter((name) => name.endsWith('.checkpoint'))).toEqual([`${hash('a')}.checkpoint`]);
  });

  it('is what any study of the database needs, and what is not ours', () => {
    const needed = neededFiles([viewOf(trials, 'budget'), viewOf([measured(1, 0.4)], 'budget')]);
    const names = ['0', '1', '2', '3'].map((letter) => `${hash(letter)}.onnx`);
    const strange = ['notes.txt', 'model.onnx', `${hash('Z')}.onnx`, `${hash('a')}.onnx.bak`];
    const files = [
      ...names,
      `${hash('a')}.checkpoint`,
      `${hash('6')}.unfinished`,
      `${hash('5')}.onnx.12.345.tmp`,
      ...strange,
    ].map((name) => ({
      name,
      bytes: 10,
    }));
    expect(sweep(files, needed)).toEqual([
      { kind: 'models', files: [`${hash('3')}.onnx`], bytes: 10 },
      { kind: 'checkpoints', files: [`${hash('a')}.checkpoint`], bytes: 10 },
      { kind: 'trainings', files: [`${hash('6')}.unfinished`], bytes: 10 },
      { kind: 'leftovers', files: [`${hash('5')}.onnx.12.345.tmp`], bytes: 10 },
    ]);
    const trainings = sweep(files, needed, true).find(({ kind }) => kind === 'trainings');
    expect(trainings).toEqual({ kind: 'trainings', files: [], bytes: 0 });
    expect([mayGoOn([viewOf(trials, 'budget')]), mayGoOn([viewOf(trials, 'budget'), viewOf(trials, undefined)])]).toEqual([
      false,
      true,
    ]);
  });
});

it('says which folder cannot be tidied', () => {
  const db = join(temporaryFolder(), 'nas.db');
  openStore(db, { mode: 'write' }).close();
  writeFileSync(db.replace('.db', '.artefacts'), '');
  const message = expect.stringMatching(/nas\.artefacts cannot be tidied \(ENOTDIR\)\. Check the folder/);
  expect(() => collectGarbage({ db })).toThrow(expect.objectContaining({ code: 'GC_FOLDER', exitCode: 1, message }));
});
