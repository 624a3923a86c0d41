import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes } from '../../core/errors.ts';
import type { StudyRecord, TrialStore } from '../../core/store.ts';
import { endsOf } from '../../core/trial.ts';
import { outcomes } from '../../core/words.ts';
import { ndjsonReporter } from '../../dashboard/ndjson.ts';
import { openControl, openStore, readStudy } from '../../store/index.ts';
import { countFramed } from '../analyse.ts';
import { sendCommand } from '../control-client.ts';
import { exportAside } from '../export-aside.ts';
import { type Follow, followStudy } from '../follow.ts';
import type { StudyOptions } from '../options.ts';
import { print } from '../output.ts';
import { choiceOf } from '../picking.ts';
import { canDraw, openDashboard, plainLines } from '../screen.ts';
import { chooseStudy, factsOf } from '../study-facts.ts';

interface WatchOptions extends StudyOptions {
  readonly json?: boolean;
  readonly plain?: boolean;
}

/** `nas watch`: a study that runs in another terminal, or has run, on the same screen. It is read, never written. */
export async function watch(options: WatchOptions): Promise<number> {
  const store = openStore(options.db, { mode: 'read' });
  const channel = openControl(options.db, 'watch');
  try {
    const record = chooseStudy(store, options);
    const follow = followStudy({ store, channel, study: record.name, now: Date.now, outline: !options.json });
    if (options.json || options.plain || !canDraw()) await reportLines(options, store, record, follow);
    else await showScreen(options, record, follow, channel);
    return exitCodes.ok;
  } finally {
    channel.close();
    store.close();
  }
}

const framedBy = (record: StudyRecord) => () => {
  const trials = factsOf(record).start?.trials;
  return trials && countFramed(trials);
};

async function showScreen(
  options: WatchOptions,
  record: StudyRecord,
  follow: Follow,
  channel: ReturnType<typeof openControl>,
): Promise<void> {
  const { db } = options;
  const study = record.name;
  const workers = channel.status(study)?.workers;
  const target = { db, study, channel, isRunning: follow.isRunning };
  const dashboard = openDashboard({
    record,
    framed: framedBy(record),
    // The session's own events say how much is searched; until there is one, nothing is.
    budget: { trials: 0, ...(workers === undefined ? {} : { workers }) },
    since: 0,
    recall: follow.recall,
    events: (listener) => follow.start(listener).stop,
    actions: {
      steer: (command) => sendCommand(target, command),
      export: (trial, folder) => exportAside({ db, study, trial, folder }),
    },
  });
  await dashboard.done;
}

const lookMs = 500;

/** Lines for pipes, logs and dumb terminals, until the search ends. */
async function reportLines(options: WatchOptions, store: TrialStore, record: StudyRecord, follow: Follow): Promise<void> {
  const emit = options.json
    ? ndjsonReporter({ write: (line) => void process.stdout.write(line) }).emit
    : plainLines({ record, framed: framedBy(record), budget: { trials: 0 }, since: 0 });
  const following = follow.start(emit);
  while (follow.isRunning()) await sleep(lookMs);
  following.look();
  following.stop();
  if (!options.json) print(ending(store, record));
}

function ending(store: TrialStore, { name }: StudyRecord): string {
  const view = readStudy(store, name);
  if (view.trials.length === 0) return `Study "${name}" has no trials yet, and no search runs it.`;
  const { front } = choiceOf(view);
  return `No search runs study "${name}": ${outcomes(endsOf(view.trials))}, ${front.length} on the front.`;
}
