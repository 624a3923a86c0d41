import type { CommandAnswer, StudyCommand } from '../core/control.ts';
import type { LiveEvent } from '../core/event.ts';
import type { StudyRecord, TrialStore } from '../core/store.ts';
import { type DashboardActions, mountDashboard, restoreTerminal } from '../dashboard/mount.ts';
import { ndjsonReporter } from '../dashboard/ndjson.ts';
import { plainReporter } from '../dashboard/plain.ts';
import type { ModelSpec } from '../network/models/index.ts';
import { systemClock } from '../search/study/options.ts';
import { growingAnalyse } from './analyse.ts';
import { exportAside } from './export-aside.ts';
import type { Follow } from './follow.ts';
import { meaningOf } from './meaning.ts';
import { TrialRecall } from './recall.ts';
import type { RunSettings, SearchFlags } from './search-settings.ts';
import { factsOf } from './study-facts.ts';

export interface ScreenOptions {
  readonly flags: SearchFlags;
  readonly settings: RunSettings;
  readonly record: StudyRecord;
  /** How many trials fix the frame of the hypervolume; undefined while it is not known. */
  readonly framed: () => number | undefined;
  /** Undefined as long as a new study has none. */
  readonly store: () => TrialStore | undefined;
  readonly actions: { stop(): void; steer(command: StudyCommand): CommandAnswer };
}

/** What a person, or a program, sees of a running search: a dashboard on a terminal, plain lines or NDJSON elsewhere. */
export interface Screen {
  readonly emit: (event: LiveEvent) => void;
  /** Gives the terminal back. Twice is once. */
  close(): void;
}

export function openScreen(options: ScreenOptions): Screen {
  const { flags, settings, record, framed, store, actions } = options;
  if (flags.program) return reporting(flags.program.onEvent, []);
  if (flags.json) return reporting(ndjsonReporter({ write: (line) => void process.stdout.write(line) }).emit, []);
  const budget = budgetOf(settings);
  if (flags.plain || !canDraw())
    return reporting(plainLines({ record, framed, budget }), earlier(outlineOf(store(), record.name)));
  const listeners = new Set<(event: LiveEvent) => void>();
  const recall = recallWhileRunning(store, record.name);
  const view = openDashboard({
    record,
    framed,
    budget,
    events(listener) {
      for (const event of earlier(outlineOf(store(), record.name))) listener(event);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    recall,
    actions: {
      search: { stop: () => actions.stop(), leaveNow: () => process.exit(130) },
      steer: (command) => actions.steer(command),
      export: (trial, folder) => exportAside({ db: flags.db, study: record.name, trial, folder }),
    },
  });
  return {
    emit: (event) => {
      const bare = withoutDetails(event);
      for (const listener of listeners) listener(bare);
    },
    close: () => view.unmount(),
  };
}

/** A screen can be drawn: stdout is a terminal, and one that can move its cursor. */
export const canDraw = (): boolean => process.stdout.isTTY && process.env['TERM'] !== 'dumb';

function reporting(emit: (event: LiveEvent) => void, past: Iterable<LiveEvent>): Screen {
  for (const event of past) emit(event);
  return { emit, close: () => undefined };
}

/** All that lines need. */
function* outlineOf(store: TrialStore | undefined, study: string): Iterable<LiveEvent> {
  for (const { event } of store?.outline(study) ?? []) yield event;
}

/** Details are large, and looked at one at a time: `recallWhileRunning` has them. */
function withoutDetails(event: LiveEvent): LiveEvent {
  if (event.type !== 'finished' || event.outcome.state !== 'done') return event;
  const { details: _, ...outcome } = event.outcome;
  return { ...event, outcome };
}

/** What this process itself stores is noted only when something is asked for that is not known yet. */
function recallWhileRunning(store: () => TrialStore | undefined, study: string): Follow['recall'] {
  let recall: TrialRecall | undefined;
  return (trial) => {
    const opened = store();
    if (!opened) return undefined;
    recall ??= new TrialRecall(opened, study);
    recall.catchUp();
    return recall.of(trial);
  };
}

/** Where the clock was set back between two sessions, what has passed does not look as if it were to come. */
function* earlier(past: Iterable<LiveEvent>): Iterable<LiveEvent> {
  const latest = systemClock.wall() - 1;
  for (const event of past) yield event.at <= latest ? event : { ...event, at: latest };
}

interface Shown {
  readonly record: StudyRecord;
  readonly framed: ScreenOptions['framed'];
  readonly budget: { readonly trials: number; readonly seconds?: number; readonly workers?: number };
}

export function plainLines({ record, framed, budget, since }: Shown & { readonly since?: number }): (event: LiveEvent) => void {
  const { goal } = factsOf(record);
  const { emit } = plainReporter({
    write: (line) => void process.stdout.write(line),
    goal,
    budget,
    analyse: growingAnalyse(goal, framed),
    now: () => systemClock.wall(),
    ...(since === undefined ? {} : { since }),
  });
  return emit;
}

const budgetOf = ({ trials, seconds, workers }: RunSettings) => ({
  trials,
  workers,
  ...(seconds === undefined ? {} : { seconds }),
});

interface DashboardParts extends Shown {
  readonly events: (listener: (event: LiveEvent) => void) => () => void;
  readonly since?: number;
  readonly recall?: Follow['recall'];
  readonly actions: DashboardActions;
}

/** The dashboard on this process's terminal, which is given back however the process ends. */
export function openDashboard({ record, framed, ...parts }: DashboardParts) {
  const { goal, space, sections } = factsOf(record);
  process.once('exit', restoreTerminal);
  return mountDashboard({
    ...parts,
    record,
    goal,
    analyse: growingAnalyse(goal, framed),
    // What knows of networks takes long to load: the first frame does not wait for it.
    network: async () => {
      const { catalogFor } = await import('./compose.ts');
      return { catalog: catalogFor(sections.model as unknown as ModelSpec), planOf: meaningOf(space).plan };
    },
    stdout: process.stdout,
    stdin: process.stdin,
    now: () => systemClock.wall(),
  });
}
