import { stripVTControlCharacters } from 'node:util';
import { render } from 'ink';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LiveEvent } from '../../src/core/event.ts';
import { emptyAnalysis, extendAnalysis } from '../../src/dashboard/analysis.ts';
import { App } from '../../src/dashboard/app.tsx';
import type { Live } from '../../src/dashboard/live.ts';
import { textWidth } from '../../src/dashboard/text-width.ts';
import { stylesFor } from '../../src/dashboard/theme.ts';
import { type Effect, views } from '../../src/dashboard/ui-state.ts';
import { emptyModel, foldEvents } from '../../src/dashboard/view-model.ts';
import {
  simulatedAnalysis,
  simulatedCatalog,
  simulatedEvents,
  simulatedGoal,
  simulatedPlan,
  simulatedRecord,
} from '../fixtures/simulated-events.ts';
import { fakeTerminal } from './fake-terminal.ts';

const sizes = [
  [38, 12],
  [60, 20],
  [80, 24],
  [120, 40],
  [250, 70],
] as const;

interface ShownOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly onEffect?: (effect: Effect) => string;
}

const opened: { unmount(): void }[] = [];
afterEach(() => {
  for (const screen of opened.splice(0)) screen.unmount();
});

/** The app as these events leave it. */
function show(events: readonly LiveEvent[], { columns = 80, rows = 24, onEffect = () => '' }: ShownOptions = {}) {
  const model = foldEvents(emptyModel, events);
  const analysis = extendAnalysis(emptyAnalysis, model.finished, simulatedAnalysis);
  const snapshot = { model, analysis, now: events.at(-1)?.at ?? 0 };
  const live: Live = { push() {}, snapshot: () => snapshot, subscribe: () => () => {}, update() {}, drawn() {}, close() {} };
  const terminal = fakeTerminal(columns, rows);
  const shown = render(
    <App
      record={simulatedRecord}
      goal={simulatedGoal}
      budget={{ trials: 101, workers: 2 }}
      live={live}
      screen={{
        size: () => ({ columns, rows }),
        onResize: () => () => {},
        standIns: { hold: ({ text }) => text, resolve: (frame) => frame },
      }}
      styles={stylesFor(1)}
      network={{ current: { catalog: simulatedCatalog, planOf: simulatedPlan } }}
      keyboard
      watching={false}
      recall={undefined}
      onEffect={onEffect}
      onUnmount={() => {}}
    />,
    { ...terminal, debug: true, exitOnCtrlC: false, patchConsole: false },
  );
  opened.push(shown);
  const text = () => stripVTControlCharacters(terminal.written.at(-1)!);
  const press = async (key: string, expected: RegExp) => {
    terminal.type(key);
    await vi.waitFor(() => expect(text()).toMatch(expected), { timeout: 15_000 });
  };
  return { text, lines: () => text().split('\n'), press };
}

const all = simulatedEvents({ trials: 101 });
const until = (seconds: number) => all.filter(({ at }) => at <= seconds * 1000);

const broken: LiveEvent[] = [
  ...until(75),
  { type: 'asked', at: 80_000, trial: 90, candidate: { 'prune.stem.keep': 0.5 }, key: 'x', origin: 'evolution' },
  { type: 'finished', at: 81_000, trial: 90, outcome: { state: 'done', metrics: { accuracy: Number.NaN, size: 5 }, seconds: 1 } },
  { type: 'asked', at: 82_000, trial: 91, candidate: {}, key: 'y', origin: 'evolution' },
  { type: 'finished', at: 83_000, trial: 91, outcome: { state: 'done', metrics: {}, seconds: 1 } },
  { type: 'log', at: 83_000, level: 'error', message: `${'very '.repeat(80)}long\nand\tbroken \x1b[31m message 漢字` },
];

describe('the whole screen', () => {
  const moments: readonly (readonly [string, readonly LiveEvent[]])[] = [
    ['before everything', []],
    ['while the baseline is trained', until(30)],
    ['with one trial', until(66)],
    ['in the middle', until(400)],
    ['at the end', all],
    ['with metrics that are missing or NaN', broken],
  ];

  for (const [columns, rows] of sizes) {
    it.each(moments)(`fits ${columns} × ${rows} %s, in every view`, async (_, events) => {
      const { lines, press } = show(events, { columns, rows });
      const fits = () => {
        expect(lines()).toHaveLength(rows);
        for (const line of lines()) expect(textWidth(line)).toBeLessThanOrEqual(columns);
      };
      fits();
      for (const [i, view] of views.entries()) {
        await press(String(i + 1), new RegExp(` ${i + 1} ${view} `));
        fits();
      }
      await press('?', /── keys/);
      fits();
    });
  }

  it('says how far it is and what is best', () => {
    const { lines } = show(until(400));
    expect(lines()[0]).toMatch(/^ espalier fashion-resnet · evolution · seed 7 +elapsed 6:39 ?$/);
    expect(lines()[1]).toMatch(/^ ━+─+ {2}51\/101 +5 min \d\d s left$/);
    expect(lines()[2]).toMatch(/^ 49 done · 2 failed · 2 running · 8\.7\/min +best 4\.6× smaller at −0\.16 points #33 ?$/);
  });

  it('shows the training of the baseline', () => {
    expect(show(until(30)).text()).toMatch(/all {4}training the baseline 6\/12 +━+─+ +48 % {2}loss 0\.\d+ {2}acc \d\d\.\d %/);
  });

  it('dashes where nothing is known', () => {
    expect(show(until(30)).lines()[1]).toMatch(/0\/101 +— left$/);
  });

  it('sums up workers that have no line of their own', () => {
    const events = simulatedEvents({ trials: 40, workers: 16 }).filter(({ at }) => at <= 90_000);
    expect(show(events).text()).toMatch(/… and 14 more, 14 of them at work/);
  });
});

describe('the views', () => {
  it('overview: move through the front and open a trial', async () => {
    const { press, text } = show(until(400), { rows: 24 });
    await press('\x1b[A', /◆ {3}base/);
    await press('\r', /── baseline/);
    expect(text()).toMatch(/accuracy +92\.47 %/);
    await press('1', /── front/);
    await press('j', /●.*#33/);
    await press('\r', /── trial 33 {2}● front/);
    expect(text()).toMatch(/size +237 kB +4\.6× less/);
    expect(text()).toMatch(/prune keep/);
    await press('\x1b', /── front/);
  });

  it('trials: sort, filter, and tell why one failed', async () => {
    const { press, lines } = show(all);
    await press('2', /trial▼/);
    expect(lines()[5]).toMatch(/#100/);
    await press('o', /accuracy▼/);
    expect(lines()[5]).toMatch(/base +92\.47 %/);
    await press('o', /size▲/);
    await press('/', /show only: ▏/);
    await press('failed', /── trials {2}4 {2}failed/);
    await press('\r', /q quit/);
    await press('g', /✕ +#13 {2}DIVERGED/);
    await press('\r', /failed in [\d.]+ s · evolution\n.*DIVERGED\n.*the loss became NaN/);
  });

  it('trial: what is kept of each layer, beside how it went', async () => {
    const { press } = show(until(400), { columns: 120, rows: 40 });
    await press('3', /── trial 33.*── layer by layer/);
    await press('f', /── trial 33/);
  });

  it('layers: which technique the front uses, at which strength', async () => {
    const { press, text } = show(all, { columns: 100, rows: 30 });
    await press('4', /── layers {2}of the \d+ on the front/);
    expect(text()).toMatch(/layer +prune keep +quantize bits/);
    expect(text()).toMatch(/stem +\d+ % [·▁-█]+/);
    expect(text()).toMatch(/head +\d+ % +[·8]+/);
  });

  it('events: the newest last, narrowed down by words', async () => {
    const { press, lines } = show(all);
    await press('5', /── events {2}\d+/);
    expect(lines()[22]).toMatch(/the search has ended/);
    await press('/diverged\r', /── events {2}4 {2}diverged/);
  });

  it('switch the axis over all metrics and back', async () => {
    const { press } = show(until(400));
    await press('x', /accuracy × latency/);
    await press('x', /accuracy × MACs/);
    await press('x', /accuracy × params/);
    await press('x', /accuracy × size/);
  });

  it('show the help over any of them', async () => {
    const { press } = show(until(400));
    await press('?', /stop and leave; again: now/);
    await press('?', /── front/);
  });

  it('ask, and show the answer', async () => {
    const effects: Effect[] = [];
    const onEffect = (effect: Effect) => {
      effects.push(effect);
      return 'So be it.';
    };
    const { press } = show(until(400), { onEffect });
    await press('a', /more trials: 10▏ +⏎ add/);
    await press('\x7f\x7f', /more trials: ▏/);
    await press('x\r', /a whole number, such as 20/);
    await press('\x1b', /q quit/);
    await press('a5\r', /So be it\./);
    await press('q', /stopping: q again leaves now/);
    expect(effects).toEqual([{ type: 'steer', command: { type: 'add-trials', trials: 105 } }, { type: 'quit' }]);
  });
});
