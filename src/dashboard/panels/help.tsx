import type { UiState } from '../ui-state.ts';
import { Lines, Panel, type Row, run, type Size } from './panel.tsx';

const keys: readonly (readonly [key: string, short: string, long: string])[] = [
  ['q', 'quit', 'stop the search when the running trials are stopped; again: leave now'],
  ['p', 'pause', 'pause, go on'],
  ['x', 'axis', 'scatter: size, latency, MACs, params'],
  ['↑↓', 'select', 'select a trial (also k, j)'],
  ['⏎', 'detail', 'the selected trial: layers, metrics, curve'],
  ['t', 'table', 'the front, or every finished trial'],
  ['?', 'help', 'this list'],
  ['esc', 'back', 'close, follow the best trial again'],
];

/** One line of keys at the bottom of the screen. */
export function KeyLine({ ui, width }: { readonly ui: UiState; readonly width: number }) {
  const row = keys.slice(0, 7).flatMap(([key, short]) => [run(` ${key} `, 'key'), run(`${short} `, 'dim')]);
  const pressed = ui.paused ? row.map((part) => (part.text === 'pause ' ? run('go on ', 'front') : part)) : row;
  return <Lines rows={[pressed]} width={width} height={1} />;
}

const legend: readonly Row[] = [
  [],
  [run(' ● ', 'front'), run('on the Pareto front')],
  [run(' ◆ ', 'baseline'), run('the uncompressed baseline')],
  [run(' ⠂ ', 'trial'), run('other trials'), run('   ▾ ', 'trial'), run('far below the axis')],
  [run(' ┈ ', 'bound'), run('a constraint'), run('   ▁▄█ ', 'accent'), run('a setting per layer, · left alone')],
];

export function HelpPanel({ width, height }: Size) {
  const rows = keys.map(([key, , long]) => [run(` ${key.padEnd(4)}`, 'key'), run(long)]);
  return <Panel title="keys" rows={[...rows, ...legend]} width={width} height={height} />;
}
