import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factsOf } from '../../../src/cli/study-facts.ts';
import { detailsOf, headOf } from '../../../src/cli/study-picture.ts';
import type { StudyEvent } from '../../../src/core/event.ts';
import type { Trial } from '../../../src/core/trial.ts';
import { analysePicture, historyIn, importancesFor, isMeasured } from '../../../src/report/study/analysis.ts';
import { mergeRows, packRows, unpackRows } from '../../../src/report/study/columns.ts';
import { LiveStudy } from '../../../src/report/study/live-study.ts';
import type { TrialRow } from '../../../src/report/study/picture.ts';
import { suggestionsFor } from '../../../src/report/study/suggestions.ts';
import { frontOf, hypervolumeFrame, hypervolumeHistory } from '../../../src/search/study/progress.ts';
import { type MadeUpStudy, madeUpStudy } from '../../fixtures/made-up-study.ts';

const study = madeUpStudy({ trials: 40, fails: (trial) => trial % 13 === 7 });

function read({ record, events }: MadeUpStudy, until = events.length): LiveStudy {
  const live = new LiveStudy(record, headOf(record, 'nas.db'));
  for (const event of events.slice(0, until)) live.apply(event);
  return live;
}

describe('a study as pages draw it', () => {
  it('survives the way to the page, whatever changed last', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: study.events.length }), (until) => {
        const before = read(study, until);
        const after = read(study);
        const sent = unpackRows(JSON.parse(JSON.stringify(packRows(before.picture().rows))));
        const changed = unpackRows(JSON.parse(JSON.stringify(after.changesSince(before.view.position).trials)));
        expect(sent).toEqual(before.picture().rows);
        expect(mergeRows(sent, changed)).toEqual(after.picture().rows);
      }),
      { numRuns: 8 },
    );
  });

  it('has the front and the hypervolume of the search', () => {
    const live = read(study);
    const picture = live.picture();
    const { front, frame, history } = analysePicture(picture);
    const { goal } = factsOf(study.record);
    expect(front.map(({ number }) => number)).toEqual(frontOf(live.view.trials, goal).map(({ number }) => number));
    const expected = hypervolumeHistory(live.view.trials, goal, frame!);
    expect(history.at(-1)!.hypervolume).toBeCloseTo(expected.at(-1)!.hypervolume, 12);
    expect(history.every(({ hypervolume }, i) => hypervolume >= (history[i - 1]?.hypervolume ?? 0))).toBe(true);
  });

  it('thins the history of many objectives, and ends at the same value', () => {
    const { head, rows } = read(study).picture();
    const names = ['accuracy', 'size', 'latencyMs', 'macs'] as const;
    const goal = {
      constraints: [],
      objectives: names.map((metric) => ({
        metric,
        direction: metric === 'accuracy' ? ('maximize' as const) : ('minimize' as const),
      })),
    };
    const measured = rows.filter(isMeasured).slice(0, 16);
    const frame = hypervolumeFrame(
      measured.map(({ metrics }) => metrics),
      goal.objectives,
    )!;
    const full = historyIn(frame, measured, goal);
    expect(full.at(-1)!.hypervolume).toBeGreaterThan(0);
    expect(head.goal.objectives).toHaveLength(2);
    // A hundred more that are worse everywhere: every second trial is a point, and the best is that of the trial that found it.
    const worse = measured.map(({ metrics }) => names.map((name) => metrics[name]! * (name === 'accuracy' ? 0.5 : 2)));
    const later = Array.from({ length: 100 }, (_, i) => ({
      ...measured[i % measured.length]!,
      number: 100 + i,
      finishedAt: 1e9 + i,
      metrics: Object.fromEntries(names.map((name, k) => [name, worse[i % worse.length]![k]!])),
    }));
    const growth = historyIn(frame, [...measured, ...later], goal);
    const grew = growth.filter(({ hypervolume }, i) => hypervolume > (growth[i - 1]?.hypervolume ?? 0)).map(({ trial }) => trial);
    expect(grew.every((trial) => full.some((point) => point.trial === trial))).toBe(true);
    expect(growth.at(-1)!.hypervolume).toBeCloseTo(full.at(-1)!.hypervolume, 12);
  });

  it('says when trials ran, and closes what a session that died left open', () => {
    const live = read(study, 3);
    expect(live.row(0)).toMatchObject({ state: 'running', runs: [{ worker: 0, end: null }] });
    live.apply({ type: 'session', at: study.record.createdAt + 9000, phase: 'begin', facts: {} });
    expect(live.row(0)).toMatchObject({ state: 'aborted', runs: [{ worker: 0, start: 500, end: 500 }] });
  });

  it('counts the time that it worked, over all sessions, like the terminal', () => {
    const whole = read(study).picture().rows;
    const middle = study.events.findIndex((event) => event.type === 'finished' && event.trial === 9) + 1;
    const [first, second] = [study.events.slice(0, middle), study.events.slice(middle)];
    const [end, night] = [first.at(-1)!.at, 9 * 3600_000];
    const resumed: StudyEvent[] = [
      ...first,
      { type: 'session', at: end, phase: 'end', facts: {} },
      { type: 'favourite', at: end + night / 2, trial: 3, favourite: true },
      { type: 'session', at: end + night, phase: 'begin', facts: {} },
      ...second.map((event) => ({ ...event, at: event.at + night })),
    ];
    const died = resumed.filter(({ type, at }) => type !== 'session' || at !== end);
    for (const events of [resumed, died]) {
      const { rows } = read({ record: study.record, events }).picture();
      expect(rows.map(({ finishedAt }) => finishedAt)).toEqual(whole.map(({ finishedAt }) => finishedAt));
      expect(rows.at(-1)!.runs).toEqual(whole.at(-1)!.runs);
    }
  });

  it('ranks choices, and suggests members of the front', () => {
    const picture = read(study).picture();
    const shares = importancesFor(picture, 'accuracy')!;
    expect(shares).toHaveLength(picture.head.parameters.length);
    expect(Math.max(...shares)).toBeGreaterThan(0.05);
    const analysis = analysePicture(picture);
    const suggested = suggestionsFor(picture.head, analysis);
    expect(suggested.length).toBeGreaterThan(1);
    expect(suggested.every(({ trial, rules }) => analysis.onFront.has(trial.number) && rules.length > 0)).toBe(true);
  });

  it('breaks a trial down by layer against the baseline', () => {
    const { view } = read(study);
    const dense = detailsOf(view, 0)!;
    expect(dense.layers.every(({ macs, denseMacs, params, denseParams }) => macs === denseMacs && params === denseParams)).toBe(
      true,
    );
    const trial = detailsOf(view, 5)!;
    expect(trial.layers.map(({ layer }) => layer)).toEqual(dense.layers.map(({ layer }) => layer));
    expect(trial.layers.some(({ macs, denseMacs }) => macs < denseMacs)).toBe(true);
    expect(trial.layers.find(({ layer }) => layer === 'dense')!.choices).toMatch(/quantize bits|^$/);
    expect(detailsOf(view, 4000)).toBeUndefined();
  });

  it('says that half an epoch of training was half an epoch', () => {
    const { view } = read(study);
    const trial = view.trials[5]! as Extract<Trial, { state: 'done' }>;
    const curveOf = (epochs: readonly number[]) => {
      const curve = epochs.map((epoch) => ({ epoch, loss: 1, trainAccuracy: 0.5 }));
      const trials = view.trials.with(5, { ...trial, details: { curve } });
      return detailsOf({ ...view, trials }, 5)!.curve.map(({ epoch }) => epoch);
    };
    expect(factsOf(study.record).sections.trial).toMatchObject({ epochs: 0.5 });
    expect(curveOf([1])).toEqual([0.5]);
    expect(curveOf([1, 2])).toEqual([1, 2]);
  });

  it('draws an empty study and one that only failed', () => {
    const empty = read(study, 0).picture();
    expect(analysePicture(empty)).toMatchObject({ front: [], history: [], baseline: undefined });
    const failed = read(madeUpStudy({ trials: 5, fails: () => true })).picture();
    expect(analysePicture(failed).front).toEqual([]);
    expect(failed.rows.map(({ why }: TrialRow) => why)).toContain('DIVERGED: the loss became NaN in epoch 1.');
  });
});
