import type { PastEvent, StudyEvent } from '../core/event.ts';
import type { Outlined } from '../core/store.ts';
import type { Outcome } from '../core/trial.ts';

/**
 * The outline of a study (see `TrialStore.outline`), read with as little work as there can be: SQLite takes the JSON apart ten
 * times faster than it is parsed here, and of a trial that has ended one small object is made instead of three large ones.
 */

/** position, type, trial, the event without what an outline leaves out, and one thing that is wanted unparsed. */
export type OutlineRow = readonly [
  position: number,
  type: string,
  trial: number | null,
  json: string,
  aside: string | number | null,
];

export const outlineColumns = `position, type, trial,
  CASE type
    WHEN 'asked' THEN json_set(json, '$.candidate', json('{}'), '$.key', '')
    WHEN 'finished' THEN json_remove(json, '$.outcome.details')
    ELSE json END,
  CASE type WHEN 'asked' THEN json ->> '$.origin' WHEN 'started' THEN json ->> '$.worker' END`;

/** An event `asked` without its candidate and key. */
export const bareAsked = `json_set(json, '$.candidate', json('{}'), '$.key', '')`;

export interface OutlineParts {
  /** The bare event at a position. */
  readonly asked: (position: number) => string;
  readonly parse: (json: string) => StudyEvent;
}

/** What is known of a trial before it has ended. */
interface Open {
  readonly asked: OutlineRow;
  started?: OutlineRow;
}

/**
 * From rows to an outline. What was asked and started is held back until it has ended, and told as it was where anything else
 * comes between.
 */
export function* outlined(rows: Iterable<OutlineRow>, { asked: bare, parse }: OutlineParts): Iterable<Outlined> {
  const open = new Map<number, Open>();
  const eventOf = ([position, , , json]: OutlineRow) => parse(json ?? bare(position));
  const told = (row: OutlineRow): Outlined => ({ position: row[0], event: eventOf(row) });
  const release = () => {
    const held = [...open.values()].flatMap(({ asked, started }) => (started ? [asked, started] : [asked]));
    open.clear();
    return held.sort((a, b) => a[0] - b[0]).map(told);
  };
  for (const row of rows) {
    const [position, type, trial] = row;
    const known = trial === null ? undefined : open.get(trial);
    if (type === 'asked' && trial !== null && !known) open.set(trial, { asked: row });
    else if (type === 'started' && known) known.started = row;
    else {
      const event = type === 'finished' ? (eventOf(row) as Finished) : undefined;
      const past = known && event && pastOf(known, event);
      if (!past) yield* release();
      else open.delete(past.trial);
      yield past ? { position, asked: known.asked[0], event: past } : event ? { position, event } : told(row);
    }
  }
  yield* release();
}

type Finished = Extract<StudyEvent, { type: 'finished' }>;

function pastOf({ asked, started }: Open, { at, trial, outcome }: Finished): PastEvent | undefined {
  if (!started || !hasEnded(outcome)) return undefined;
  return { type: 'past', at, trial, origin: String(asked[4]), worker: Number(started[4]), outcome };
}

const hasEnded = (outcome: Outcome): outcome is PastEvent['outcome'] => outcome.state !== 'aborted';
