import type { ControlChannel, StudyStatus } from '../core/control.ts';
import type { LiveEvent, StudyEvent } from '../core/event.ts';
import type { Outlined, TrialStore } from '../core/store.ts';
import type { Recalled } from '../dashboard/budget.ts';
import { TrialRecall } from './recall.ts';

export interface Follow {
  /** What the outline of a trial leaves out; undefined for a trial that was not asked. */
  readonly recall: (trial: number) => Recalled | undefined;
  /** Everything that has happened by now, then what is new, every so often; `look`: now. */
  start(listener: (event: LiveEvent) => void): { readonly look: () => void; readonly stop: () => void };
  readonly isRunning: () => boolean;
}

export interface FollowParts {
  readonly store: TrialStore;
  readonly channel: ControlChannel;
  readonly study: string;
  readonly now: () => number;
  /** Whether events come whole, or as the store's outline of them, which is sooner read. */
  readonly outline: boolean;
}

const lookMs = 500;

/**
 * Follows a study that another process may be writing, without that process noticing: new events from the store, what passes
 * (progress, pauses) from the control channel, and from the lease whether anybody runs it at all.
 */
export function followStudy({ store, channel, study, now, outline }: FollowParts): Follow {
  const read = (from: number) => (outline ? store.outline(study, from) : placed(store.events(study, from), from));
  const isRunning = () => store.holder(study) !== undefined;
  const noted = new TrialRecall(store, study);
  return {
    isRunning,
    recall: (trial) => noted.of(trial),
    start(listener) {
      let running: boolean | undefined;
      let heard: StudyStatus | undefined;
      const busy = new Set<number>();
      const look = () => {
        const runs = isRunning();
        for (const outlined of read(noted.position)) {
          noted.note(outlined);
          const { event } = outlined;
          if (event.type === 'started') busy.add(event.trial);
          if (event.type === 'finished') busy.delete(event.trial);
          listener(event);
        }
        if (runs !== running) listener({ type: 'holder', at: now(), running: runs });
        running = runs;
        const status = runs ? channel.status(study) : undefined;
        if (status && status.at !== heard?.at) for (const event of passing(status, busy)) listener(event);
        heard = status ?? heard;
      };
      look();
      const timer = setInterval(look, lookMs);
      return { look, stop: () => clearInterval(timer) };
    },
  };
}

/** A status may be older than the newest events: what it says of a trial that has ended is left out. */
const passing = ({ at, paused, running }: StudyStatus, busy: ReadonlySet<number>): LiveEvent[] => [
  { type: 'paused', at, paused },
  ...running.filter(({ trial }) => busy.has(trial)).map((trial): LiveEvent => ({ type: 'progress', at, ...trial })),
];

function* placed(events: Iterable<StudyEvent>, from: number): Iterable<Outlined> {
  let position = from;
  for (const event of events) yield { event, position: position++ };
}
