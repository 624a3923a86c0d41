import type { CommandAnswer, StudyCommand } from '../core/control.ts';
import type { LiveEvent } from '../core/event.ts';
import type { StudyRecord } from '../core/store.ts';
import { mountDashboard, restoreTerminal } from '../dashboard/mount.ts';
import { ndjsonReporter } from '../dashboard/ndjson.ts';
import { plainReporter } from '../dashboard/plain.ts';
import type { ModelSpec } from '../network/models/index.ts';
import { analyse } from './analyse.ts';
import { catalogFor } from './compose.ts';
import { meaningOf } from './meaning.ts';
import type { RunSettings, SearchFlags } from './search-settings.ts';
import { factsOf } from './study-facts.ts';

export interface ScreenOptions {
  readonly flags: SearchFlags;
  readonly settings: RunSettings;
  readonly record: StudyRecord;
  /** How many trials fix the frame of the hypervolume; undefined while it is not known. */
  readonly framed: () => number | undefined;
  /** Events of earlier sessions. */
  readonly past: Iterable<LiveEvent>;
  readonly actions: { stop(): void; steer(command: StudyCommand): CommandAnswer };
}

/** What a person, or a program, sees of a running search: a dashboard on a terminal, plain lines or NDJSON elsewhere. */
export interface Screen {
  readonly emit: (event: LiveEvent) => void;
  /** Gives the terminal back. Twice is once. */
  close(): void;
}

export function openScreen(options: ScreenOptions): Screen {
  const { flags } = options;
  if (flags.json) return reporting(ndjsonReporter({ write: (line) => void process.stdout.write(line) }).emit, []);
  if (flags.plain || !process.stdout.isTTY) return reporting(plain(options), options.past);
  return dashboard(options);
}

function reporting(emit: (event: LiveEvent) => void, past: Iterable<LiveEvent>): Screen {
  for (const event of past) emit(event);
  return { emit, close: () => undefined };
}

function plain({ record, framed, settings }: ScreenOptions): (event: LiveEvent) => void {
  const { goal } = factsOf(record);
  const { emit } = plainReporter({
    write: (line) => void process.stdout.write(line),
    goal,
    budget: budgetOf(settings),
    analyse: (trials) => analyse(trials, goal, framed()),
    now: Date.now,
  });
  return emit;
}

const budgetOf = ({ trials, seconds, workers }: RunSettings) => ({
  trials,
  workers,
  ...(seconds === undefined ? {} : { seconds }),
});

function dashboard({ record, framed, settings, past, actions }: ScreenOptions): Screen {
  const { goal, space, sections } = factsOf(record);
  const listeners = new Set<(event: LiveEvent) => void>();
  process.once('exit', restoreTerminal);
  const view = mountDashboard({
    record,
    goal,
    budget: budgetOf(settings),
    events(listener) {
      for (const event of past) listener(event);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    analyse: (trials) => analyse(trials, goal, framed()),
    network: { catalog: catalogFor(sections.model as unknown as ModelSpec), planOf: meaningOf(space).plan },
    actions: {
      pause: () => void actions.steer({ type: 'pause' }),
      resume: () => void actions.steer({ type: 'resume' }),
      stop: () => actions.stop(),
      leaveNow: () => process.exit(130),
    },
    stdout: process.stdout,
    stdin: process.stdin,
    now: Date.now,
  });
  return {
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
    close: () => view.unmount(),
  };
}
