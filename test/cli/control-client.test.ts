import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sendCommand } from '../../src/cli/control-client.ts';
import { openControl } from '../../src/store/control.ts';
import { openStore } from '../../src/store/index.ts';
import { onCleanup } from '../fixtures/cleanup.ts';
import { asked, done, finished, recordOf, started, temporaryFolder } from '../store/harness.ts';

/** A study that somebody holds until the first look, without being a search of it: another command that marks a trial. */
function heldForAMoment() {
  const db = join(temporaryFolder(), 'nas.db');
  const store = openStore(db, { mode: 'write' });
  store.create(recordOf('a'));
  store.append('a', [asked(0), started(0), finished(0, done)]);
  store.close();
  openControl(db, 'search').close(); // an earlier search left its file
  const channel = openControl(db, 'watch');
  onCleanup(() => channel.close());
  let looks = 0;
  return { db, study: 'a', channel, isRunning: () => looks++ === 0 };
}

it('says that no search runs, whoever held the study when it was asked', async () => {
  expect(await sendCommand(heldForAMoment(), { type: 'pause' })).toEqual({ done: false, message: 'No search runs this study.' });
});

it('marks a trial by itself once it may', async () => {
  const target = heldForAMoment();
  const answer = await sendCommand(target, { type: 'favourite', trial: 0, favourite: true });
  expect(answer).toEqual({ done: true, message: 'Trial 0 is a favourite.' });
  const store = openStore(target.db, { mode: 'read' });
  onCleanup(() => store.close());
  expect(store.eventsOf('a', ['favourite'])).toMatchObject([{ trial: 0, favourite: true }]);
});
