import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { StudyCommand, StudyStatus } from '../../src/core/control.ts';
import { parseCommand } from '../../src/core/control.ts';
import { openControl } from '../../src/store/index.ts';
import { onCleanup } from '../fixtures/cleanup.ts';
import { temporaryFolder } from './harness.ts';

const open = (database: string, side: 'search' | 'watch') => {
  const channel = openControl(database, side);
  onCleanup(() => channel.close());
  return channel;
};
const database = () => join(temporaryFolder(), 'nas.db');
const sent = (id: string, command: StudyCommand) => ({ id, command, sentAt: 1000 });
const status: StudyStatus = { at: 1, paused: true, workers: 2, budget: { trials: 9, seconds: null }, running: [] };

it('brings commands to the search in order, once each, and answers back', () => {
  const file = database();
  const [search, watch] = [open(file, 'search'), open(file, 'watch')];
  watch.send('a', sent('1', { type: 'pause' }));
  watch.send('a', sent('2', { type: 'add-trials', trials: 5 }));
  watch.send('a', sent('2', { type: 'add-trials', trials: 5 }));
  watch.send('b', sent('3', { type: 'resume' }));
  expect(search.waiting('a')).toEqual([sent('1', { type: 'pause' }), sent('2', { type: 'add-trials', trials: 5 })]);
  expect(watch.answerOf('1')).toBeUndefined();
  search.answer('1', { done: true, message: 'Paused.' });
  expect(watch.answerOf('1')).toEqual({ done: true, message: 'Paused.' });
  expect(search.waiting('a').map(({ id }) => id)).toEqual(['2']);
});

it('tells the last status, also when the search is gone', () => {
  const file = database();
  const search = open(file, 'search');
  const watch = open(file, 'watch');
  expect(watch.status('a')).toBeUndefined();
  search.publish('a', { ...status, paused: false });
  search.publish('a', status);
  search.close();
  expect(watch.status('a')).toEqual(status);
});

it('makes no file for those who only look, and refuses what they send', () => {
  const file = database();
  const watch = open(file, 'watch');
  expect(watch.status('a')).toBeUndefined();
  expect(() => watch.send('a', sent('1', { type: 'pause' }))).toThrow(expect.objectContaining({ code: 'CONTROL_CLOSED' }));
  expect(existsSync(`${file}-control`)).toBe(false);
  open(file, 'search').publish('a', status);
  expect(watch.status('a')).toEqual(status);
});

it('replaces a damaged file, and never throws at the search', () => {
  const file = database();
  writeFileSync(`${file}-control`, 'this is no database, and longer than the header of one'.repeat(10));
  const search = open(file, 'search');
  search.publish('a', status);
  expect(open(file, 'watch').status('a')).toEqual(status);
  const closed = database();
  mkdirSync(`${closed}-control`);
  const nowhere = open(closed, 'search');
  nowhere.publish('a', status);
  expect(nowhere.waiting('a')).toEqual([]);
});

it.each([
  [{ type: 'pause', trial: 3 }, { type: 'pause' }],
  [
    { type: 'stop-trial', trial: 3 },
    { type: 'stop-trial', trial: 3 },
  ],
  [{ type: 'stop-trial', trial: -1 }, undefined],
  [{ type: 'stop-trial', trial: '3' }, undefined],
  [
    { type: 'add-trials', trials: -5 },
    { type: 'add-trials', trials: -5 },
  ],
  [{ type: 'add-trials', trials: 0.5 }, undefined],
  [
    { type: 'time', seconds: null },
    { type: 'time', seconds: null },
  ],
  [{ type: 'time', seconds: 0 }, undefined],
  [{ type: 'time' }, undefined],
  [{ type: 'favourite', trial: 1, favourite: 1 }, undefined],
  [{ type: 'format-disk' }, undefined],
  ['pause', undefined],
  [null, undefined],
])('understands %j as %j', (json, command) => expect(parseCommand(json)).toEqual(command));
