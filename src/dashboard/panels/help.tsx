import type { UiState } from '../ui-state.ts';
import { Lines, Panel, type Row, type Run, run, type Size } from './panel.tsx';

/** In the order in which they give way when the line is short: the last goes first. */
const keys: readonly (readonly [key: string, short: string, long: string])[] = [
  ['q', 'quit', 'stop; again: leave now'],
  ['p', 'pause', 'pause, go on'],
  ['?', 'help', 'this list'],
  ['↑↓', 'select', 'select a trial (also k, j)'],
  ['⏎', 'detail', 'open the selected trial'],
  ['t', 'table', 'the front, or all trials'],
  ['x', 'axis', 'size, latency, MACs, params'],
  ['esc', 'back', 'close; follow the best trial'],
];

/** One line of keys at the bottom of the screen. */
export function KeyLine({ ui, width }: { readonly ui: UiState; readonly width: number }) {
  const row: Run[] = [];
  let left = width;
  for (const [key, short] of keys) {
    const text = key === 'p' && ui.paused ? 'go on' : short;
    left -= key.length + text.length + 3;
    if (left < 0) break;
    row.push(run(` ${key} `, 'key'), run(`${text} `, text === short ? 'dim' : 'front'));
  }
  return <Lines rows={[row]} width={width} height={1} />;
}

const legend: readonly Row[] = [
  [],
  [run(' ● ', 'front'), run('on the Pareto front')],
  [run(' ◆ ', 'baseline'), run('the uncompressed baseline')],
  [run(' ⠂ ', 'trial'), run('other trials'), run('   ▾ ', 'trial'), run('far below')],
  [run(' ┈ ', 'bound'), run('a constraint')],
  [run(' ▁▄█ ', 'accent'), run('per layer, · left alone')],
];

export function HelpPanel({ width, height }: Size) {
  const rows = keys.map(([key, , long]) => [run(` ${key.padEnd(4)}`, 'key'), run(long)]);
  return <Panel title="keys" rows={[...rows, ...legend]} width={width} height={height} />;
}
