import { questions } from '../prompt.ts';
import { filterHelp } from '../sorting.ts';
import { type UiState, type ViewName, views } from '../ui-state.ts';
import { Lines, Panel, type Row, type Run, run, type Size } from './panel.tsx';

type KeyText = readonly (readonly [key: string, text: string])[];

/** A tab of the last line, and where it is. */
interface Tab {
  readonly view: ViewName;
  readonly text: string;
}

const wordy = 70;

/** Narrow screens spell out only the view that is shown. */
export const tabsOf = (width: number, shown: ViewName): Tab[] =>
  views.map((view, i) => ({ view, text: width >= wordy || view === shown ? ` ${i + 1} ${view} ` : ` ${i + 1} ` }));

/** Beside the tabs, in the order in which they give way when the line is short: the last goes first. */
function shortKeys(ui: UiState, paused: boolean): KeyText {
  const ofView: Readonly<Record<ViewName, KeyText>> = {
    overview: [
      ['x', 'axis'],
      ['t', ui.table === 'front' ? 'all trials' : 'front'],
      ['⏎', 'open'],
    ],
    trials: [
      ['/', 'filter'],
      ['o', 'sort'],
      ['⏎', 'open'],
      ['f', 'favourite'],
      ['s', 'end trial'],
    ],
    trial: [
      ['f', 'favourite'],
      ['e', 'export'],
      ['esc', 'back'],
    ],
    layers: [],
    events: [['/', 'filter']],
  };
  const common: KeyText = [
    ['q', 'quit'],
    ['?', 'help'],
    ['p', paused ? 'go on' : 'pause'],
  ];
  return [...common, ...ofView[ui.view], ['a', 'add trials'], ['b', 'time'], ['e', 'export']];
}

/** The last line: what is asked, or what was answered, or the views and the keys. */
export function KeyLine({ ui, paused, width }: { readonly ui: UiState; readonly paused: boolean; readonly width: number }) {
  return (
    <Lines
      rows={[ui.prompt ? promptRow(ui.prompt) : ui.notice ? noticeRow(ui) : keyRow(ui, paused, width)]}
      width={width}
      height={1}
    />
  );
}

function promptRow(prompt: NonNullable<UiState['prompt']>): Row {
  const { label, enter, confirm } = questions[prompt.kind];
  const typed = confirm ? [] : [run(': ', 'strong'), run(prompt.text), run('▏', 'accent')];
  const aside = prompt.problem
    ? [run(`   ${prompt.problem}`, 'failure')]
    : [run('   ⏎ ', 'key'), run(enter, 'dim'), run('  esc ', 'key'), run('leave it', 'dim')];
  return [run(` ${label(prompt)}`, 'strong'), ...typed, ...aside];
}

const noticeRow = ({ notice }: UiState): Row => [run(` ${notice}`, 'front')];

function keyRow(ui: UiState, paused: boolean, width: number): Row {
  const row: Run[] = tabsOf(width, ui.view).map(({ view, text }) => run(text, view === ui.view ? 'tab' : 'dim'));
  let left = width - row.reduce((sum, { text }) => sum + text.length, 1);
  row.push(run(' '));
  for (const [key, text] of shortKeys(ui, paused)) {
    left -= key.length + text.length + 3;
    if (left < 0) break;
    row.push(run(` ${key} `, 'key'), run(`${text} `, text === 'go on' ? 'front' : 'dim'));
  }
  return row;
}

const looking: KeyText = [
  ['1 … 5', 'the views; also Tab'],
  ['↑ ↓', 'select, scroll (k j, PgUp, g G)'],
  ['⏎', 'open the selected trial'],
  ['esc', 'back; overview: follow the best'],
  ['x', 'overview: what is along the axis'],
  ['t', 'overview: the front, or all'],
  ['o O', 'trials: next order, reverse it'],
  ['/', 'trials, events: filter'],
  ['mouse', 'click: tabs, trials, titles; wheel'],
];

const study: KeyText = [
  ['p', 'pause, go on'],
  ['s', 'end the selected trial'],
  ['a', 'more trials, or fewer'],
  ['b', 'time of this session'],
  ['f', 'mark as a favourite'],
  ['e', 'export the selected trial'],
  ['q', 'stop and leave; again: now'],
];

const watched: KeyText = [...study.slice(0, -1), ['q', 'leave; the search goes on'], ['Q', 'stop the search']];

const legend: readonly Row[] = [
  [run(' ● ', 'front'), run('on the Pareto front, '), run('⠇', 'line'), run(' its noise')],
  [run(' ◆ ', 'baseline'), run('the uncompressed baseline')],
  [run(' ⠂ ', 'trial'), run('other trials'), run('   ▾ ', 'trial'), run('far below')],
  [run(' ┈ ', 'bound'), run('a constraint, '), run('·', 'bound'), run(' where it is missed')],
  [run(' ▁▄█ ', 'accent'), run('per layer, · left alone'), run('   ★ ', 'front'), run('favourite')],
];

const keyRows = (title: string, keys: KeyText): Row[] => [
  [run(` ${title}`, 'strong')],
  ...keys.map(([key, text]): Row => [run(` ${key.padEnd(6)}`, 'key'), run(text)]),
];

/** Everything that keys and mouse do; two columns where they fit. */
export function HelpPanel({ width, height, watching }: Size & { readonly watching: boolean }) {
  const left = [...keyRows('look', looking), [], [run(' what the signs say', 'strong')], ...legend];
  const right = [...keyRows('steer', watching ? watched : study), [], [run(' filter', 'strong')], ...wrapped(filterHelp, 34)];
  const half = 44;
  const rows = width >= 2 * half - 8 ? beside(left, right, half) : [...keyRows('steer', watching ? watched : study), ...left];
  return <Panel title="keys" rows={rows} width={width} height={height} />;
}

const beside = (left: readonly Row[], right: readonly Row[], width: number): Row[] =>
  Array.from({ length: Math.max(left.length, right.length) }, (_, i) => {
    const row = left[i] ?? [];
    const used = row.reduce((sum, { text }) => sum + text.length, 0);
    return [...row, run(' '.repeat(Math.max(0, width - used))), ...(right[i] ?? [])];
  });

function wrapped(text: string, width: number): Row[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    if (lines.at(-1)!.length + word.length + 1 > width) lines.push('');
    lines[lines.length - 1] = `${lines.at(-1)!} ${word}`;
  }
  return lines.map((line) => [run(line, 'dim')]);
}
