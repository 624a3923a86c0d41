import { hostname } from 'node:os';
import { NasError } from '../core/errors.ts';
import type { StudyEvent } from '../core/event.ts';
import type { Lease, LeaseHolder, Outlined, StudyRecord, TrialStore } from '../core/store.ts';
import { existingStudy, missingStudy } from './errors.ts';

interface Study {
  readonly record: StudyRecord;
  /** As text, like a real store: what is read is a copy, and has been through JSON. */
  readonly events: string[];
  holder: LeaseHolder | undefined;
}

/** A store that lives as long as the process: for tests and for searches that nobody wants to keep. */
export function createMemoryStore(): TrialStore {
  return new MemoryStore();
}

class MemoryStore implements TrialStore {
  readonly #studies = new Map<string, Study>();

  create(study: StudyRecord): void {
    if (this.#studies.has(study.name)) throw existingStudy(study.name);
    this.#studies.set(study.name, { record: structuredClone(study), events: [], holder: undefined });
  }

  find(name: string): StudyRecord | undefined {
    return this.#studies.get(name)?.record;
  }

  list(): readonly StudyRecord[] {
    return [...this.#studies.values()].map(({ record }) => record);
  }

  append(study: string, events: readonly StudyEvent[]): void {
    const texts = events.map((event) => JSON.stringify(event));
    this.#study(study).events.push(...texts);
  }

  events(study: string, from = 0): Iterable<StudyEvent> {
    return parsed(this.#study(study).events, from);
  }

  eventsOf<T extends StudyEvent['type']>(study: string, types: readonly T[]): Extract<StudyEvent, { type: T }>[] {
    return [...this.events(study)].filter((event) => types.includes(event.type as T)) as Extract<StudyEvent, { type: T }>[];
  }

  event(study: string, position: number): StudyEvent | undefined {
    const [found] = parsed(this.#study(study).events.slice(position, position + 1), 0);
    return found;
  }

  /** Nothing is saved by leaving things out here. */
  outline(study: string, from = 0): Iterable<Outlined> {
    return [...this.events(study, from)].map((event, i) => ({ event, position: from + i }));
  }

  lease(name: string): Lease {
    const study = this.#study(name);
    if (study.holder)
      throw new NasError('STORE_LOCKED', `study "${name}" is being searched already.`, { facts: { study: name } });
    const holder = { pid: process.pid, host: hostname(), since: Date.now() };
    study.holder = holder;
    return {
      release: () => {
        if (study.holder === holder) study.holder = undefined;
      },
    };
  }

  holder(name: string): LeaseHolder | undefined {
    return this.#study(name).holder;
  }

  close(): void {
    for (const study of this.#studies.values()) study.holder = undefined;
  }

  #study(name: string): Study {
    const study = this.#studies.get(name);
    if (!study) throw missingStudy(name, [...this.#studies.keys()]);
    return study;
  }
}

function* parsed(events: readonly string[], from: number): Iterable<StudyEvent> {
  for (let position = from; position < events.length; position++) yield JSON.parse(events[position]!) as StudyEvent;
}
