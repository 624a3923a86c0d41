import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StudyEvent } from '../../src/core/event.ts';
import type { Json } from '../../src/core/json.ts';
import type { TrialStore } from '../../src/core/store.ts';
import { createMemoryStore, openStore } from '../../src/store/index.ts';
import { onCleanup } from '../fixtures/cleanup.ts';
import { asked, done, finished, recordOf, session, started, temporaryFolder } from '../store/harness.ts';

const stores: readonly { readonly name: string; readonly create: () => TrialStore }[] = [
  { name: 'memory', create: createMemoryStore },
  { name: 'sqlite', create: () => openStore(join(temporaryFolder(), 'studies.db'), { mode: 'write' }) },
];

describe.each(stores)('store $name', ({ create }) => {
  const open = (...studies: string[]): TrialStore => {
    const store = create();
    onCleanup(() => store.close());
    for (const study of studies) store.create(recordOf(study));
    return store;
  };

  it('keeps studies as they were created, in that order', () => {
    const store = open('b', 'a');
    expect(store.find('a')).toEqual(recordOf('a'));
    expect(store.find('c')).toBeUndefined();
    expect(store.list()).toEqual([recordOf('b'), recordOf('a')]);
  });

  it('refuses a second study of one name, and work on one that is not there', () => {
    const store = open('a');
    expect(() => store.create(recordOf('a'))).toThrow(expect.objectContaining({ code: 'STORE_EXISTS' }));
    const missing = expect.objectContaining({
      code: 'STORE_MISSING',
      message: expect.stringContaining('Known: a.'),
      exitCode: 2,
    });
    expect(() => store.append('b', [asked(0)])).toThrow(missing);
    expect(() => store.events('b')).toThrow(missing);
    expect(() => store.lease('b')).toThrow(missing);
    expect(() => store.holder('b')).toThrow(missing);
  });

  it('gives back what was appended, in order, from any position, for each study its own', () => {
    const store = open('a', 'b');
    const events = [
      session('begin', 1),
      asked(0),
      started(0),
      finished(0),
      { type: 'snapshot', at: 5, told: 1, state: { rng: [1, null, 'x'] } } as const,
      session('end', 6),
    ];
    store.append('a', events.slice(0, 2));
    store.append('b', [asked(7)]);
    store.append('a', []);
    store.append('a', events.slice(2));
    expect([...store.events('a')]).toEqual(events);
    expect([...store.events('a', 4)]).toEqual(events.slice(4));
    const outcome = { metrics: { accuracy: 0.9, size: 1234 }, seconds: 1.5 };
    const outline = [...store.outline('a')];
    expect(outline.find(({ position }) => position === 3)?.event).toMatchObject({ trial: 0, outcome });
    expect(outline.at(-1)).toEqual({ position: 5, event: events[5] });
    expect([...store.outline('a', 4)].map(({ event }) => event)).toEqual(events.slice(4));
    expect([...store.events('a', 6)]).toEqual([]);
    expect([store.event('a', 3), store.event('a', 6)]).toEqual([events[3], undefined]);
    expect([...store.events('b')]).toEqual([asked(7)]);
    const wanted = events.filter(({ type }) => type === 'asked' || type === 'finished');
    expect(store.eventsOf('a', ['finished', 'asked'])).toEqual(wanted);
    expect(store.eventsOf('a', ['replicated'])).toEqual([]);
  });

  it('reads on while it is written', () => {
    const store = open('a');
    store.append(
      'a',
      Array.from({ length: 2500 }, (_, trial) => asked(trial)),
    );
    let read = 0;
    for (const event of store.events('a')) {
      if (read === 10) store.append('a', [finished(0)]);
      expect(event).toMatchObject(read < 2500 ? { type: 'asked', trial: read } : { type: 'finished' });
      read++;
    }
    expect(read).toBe(2501);
  });

  it('keeps copies', () => {
    const store = open('a');
    const state = { list: [1] };
    store.append('a', [{ type: 'snapshot', at: 1, told: 0, state }]);
    state.list.push(2);
    expect([...store.events('a')]).toEqual([{ type: 'snapshot', at: 1, told: 0, state: { list: [1] } }]);
  });

  it('keeps any events, however they are cut into appends', () => {
    const json = fc.jsonValue() as fc.Arbitrary<Json>;
    const event: fc.Arbitrary<StudyEvent> = fc.oneof(
      fc
        .record({ trial: fc.nat(), key: fc.string({ unit: 'binary' }) })
        .map(({ trial, key }) => ({ ...asked(trial), key }) as StudyEvent),
      fc.nat().map((trial) => started(trial)),
      fc
        .record({ trial: fc.nat(), details: json })
        .map(({ trial, details }) => finished(trial, { ...done, details } as typeof done)),
      fc.record({ type: fc.constant('snapshot' as const), at: fc.nat(), told: fc.nat(), state: json }),
    );
    const store = open();
    let study = 0;
    fc.assert(
      fc.property(fc.array(fc.array(event, { maxLength: 5 }), { maxLength: 5 }), fc.nat(10), (appends, from) => {
        const name = `study ${study++}`;
        store.create(recordOf(name));
        for (const events of appends) store.append(name, events);
        const expected = JSON.parse(JSON.stringify(appends.flat())) as unknown[]; // -0 is 0 in JSON
        expect([...store.events(name, from)]).toEqual(expected.slice(from));
      }),
      { numRuns: 50 },
    );
  });

  it('leases a study to one at a time', () => {
    const store = open('a', 'b');
    expect(store.holder('a')).toBeUndefined();
    const before = Date.now();
    const lease = store.lease('a');
    expect(store.holder('a')).toMatchObject({ pid: process.pid, host: expect.any(String) });
    expect(store.holder('a')!.since).toBeGreaterThanOrEqual(before);
    expect(() => store.lease('a')).toThrow(expect.objectContaining({ code: 'STORE_LOCKED', exitCode: 2 }));
    expect(store.holder('b')).toBeUndefined();
    store.lease('b').release();
    lease.release();
    lease.release();
    const again = store.lease('a');
    lease.release();
    expect(store.holder('a')).toBeDefined();
    again.release();
    expect(store.holder('a')).toBeUndefined();
  });
});
