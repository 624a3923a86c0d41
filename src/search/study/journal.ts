import type { LiveEvent, StudyEvent } from '../../core/event.ts';
import type { StudyOptions } from './options.ts';

/** What is to be stored, without the time: it is of the moment when it was said. */
type Untimed<T> = T extends unknown ? Omit<T, 'at'> : never;

/** The study's events on their way into the store: kept until they are durable, then told to whoever watches. */
export class Journal {
  readonly #options: Pick<StudyOptions, 'store' | 'study' | 'onEvent'>;
  readonly #wall: () => number;
  #unstored: StudyEvent[] = [];

  constructor(options: Pick<StudyOptions, 'store' | 'study' | 'onEvent'>, wall: () => number) {
    this.#options = options;
    this.#wall = wall;
  }

  /** To be stored with the next `flush`. */
  add(event: Untimed<StudyEvent>): void {
    this.#unstored.push({ at: this.#wall(), ...event } as StudyEvent);
  }

  /** What passes and is not stored. */
  tell(event: Untimed<LiveEvent>): void {
    this.#options.onEvent({ at: this.#wall(), ...event } as LiveEvent);
  }

  warn(message: string): void {
    this.tell({ type: 'log', level: 'warning', message });
  }

  /** Stores what is new in one transaction. If that fails it stays, and the next call tries again. */
  flush(): void {
    const events = this.#unstored;
    if (events.length === 0) return;
    this.#options.store.append(this.#options.study.name, events);
    this.#unstored = [];
    for (const event of events) this.#options.onEvent(event);
  }
}
