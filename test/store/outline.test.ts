import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LiveEvent, StudyEvent } from '../../src/core/event.ts';
import { emptyModel, foldEvents, type ViewModel } from '../../src/dashboard/view-model.ts';
import { openStore } from '../../src/store/index.ts';
import { onCleanup } from '../fixtures/cleanup.ts';
import { asked, done, finished, recordOf, session, started, temporaryFolder } from './harness.ts';

const failed = { state: 'failed', code: 'DIVERGED', message: 'NaN', seconds: 1 } as const;
const aborted = { state: 'aborted', reason: 'stopped', seconds: 1 } as const;
const details = { curve: [{ loss: 1 }], validation: { images: 10 } };

const trial = fc.nat({ max: 5 });
const event: fc.Arbitrary<StudyEvent> = fc.oneof(
  { weight: 3, arbitrary: trial.map(asked) },
  { weight: 4, arbitrary: trial.map(started) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(trial, fc.constantFrom({ ...done, details }, failed, aborted))
      .map(([number, outcome]) => finished(number, outcome as typeof done)),
  },
  trial.map((number): StudyEvent => ({ type: 'continued', at: 1, trial: number, rung: 1 })),
  trial.map((number): StudyEvent => ({ type: 'stopped', at: 1, trial: number, reason: 'no hope' })),
  trial.map((number): StudyEvent => ({ type: 'favourite', at: 1, trial: number, favourite: true })),
  fc.constantFrom(session('begin', 1), session('end', 1)),
);

/** Events follow each other in time, and no trial is asked twice. */
function inTime(events: readonly StudyEvent[]): StudyEvent[] {
  const seen = new Set<number>();
  const legal = events.filter((found) => found.type !== 'asked' || (!seen.has(found.trial) && seen.add(found.trial)));
  return legal.map((found, i) => ({ ...found, at: 1000 + i }));
}

/** What outlines promise: not the candidates, keys and details, nor in which order trials that have not ended were asked. */
function promised({ trials, ...model }: ViewModel) {
  const plain = [...trials.values()].map((found) => ({ ...found, candidate: {}, key: '', details: undefined }));
  const finishedTrials = model.finished.map((found) => ({ ...found, candidate: {}, key: '', details: undefined }));
  return JSON.parse(
    JSON.stringify({
      ...model,
      session: { ...model.session, facts: undefined },
      trials: plain
        .map((found) => ({ ...found, ...('earlier' in found ? { earlier: found.earlier?.metrics } : {}) }))
        .toSorted(byNumber),
      finished: finishedTrials,
      slots: [...model.slots].toSorted(([a], [b]) => a - b),
      favourites: [...model.favourites],
    }),
  ) as unknown;
}

const byNumber = (a: { number: number }, b: { number: number }) => a.number - b.number;

it('an outline comes to the same as the events themselves, from any position on', () => {
  const store = openStore(join(temporaryFolder(), 'studies.db'), { mode: 'write' });
  onCleanup(() => store.close());
  let studies = 0;
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), fc.nat({ max: 40 }), (drawn, cut) => {
      const name = `study ${studies++}`;
      const events = inTime([session('begin', 0), ...drawn]);
      store.create(recordOf(name));
      store.append(name, events.slice(0, cut));
      const first = [...store.outline(name)];
      store.append(name, events.slice(cut));
      const positions = first.flatMap(({ position, asked: place }) => [position, place ?? position]);
      expect(Math.max(-1, ...positions)).toBe(Math.min(cut, events.length) - 1);
      const all: LiveEvent[] = [...first, ...store.outline(name, cut)].map((entry) => entry.event);
      expect(promised(foldEvents(emptyModel, all))).toEqual(promised(foldEvents(emptyModel, events)));
    }),
    { numRuns: 150 },
  );
});
