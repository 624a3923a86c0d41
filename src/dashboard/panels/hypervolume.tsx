import { memo } from 'react';
import { block, Panel, type Row, run, type Size } from './panel.tsx';

/** The volume that the front dominates, after every analysis: flat means that the search has stopped finding. */
export const HypervolumePanel = memo(function HypervolumePanel({
  history,
  width,
  height,
}: Size & { readonly history: readonly number[] }) {
  const room = Math.max(1, width - 2);
  const values = fitted(history, room);
  const last = history.at(-1);
  const facts = last === undefined ? [] : [run(`  ${last.toPrecision(4)}`, 'accent'), run(growth(history), 'dim')];
  const rows = last === undefined ? [[run(' —', 'dim')]] : area(values, height - 1);
  return <Panel title="hypervolume" facts={facts} rows={rows} width={width} height={height} />;
});

/** How much the last fifth of the history added. */
function growth(history: readonly number[]): string {
  const before = history[Math.floor(history.length * 0.8) - 1];
  if (before === undefined || !(before > 0)) return '';
  return `  +${((history.at(-1)! / before - 1) * 100).toFixed(1)} % lately`;
}

/** Histories that are longer than the line show every n-th value, and always the last. */
export function fitted<T>(values: readonly T[], room: number): T[] {
  if (values.length <= room) return [...values];
  return Array.from({ length: room }, (_, i) => values[Math.round(((i + 1) * values.length) / room) - 1]!);
}

/**
 * Columns of eighth blocks over `height` rows, up to the largest value. The first finds are steep: the scale begins at what
 * was reached after a tenth of the history.
 */
export function area(values: readonly number[], height: number, low = values[Math.floor(values.length / 10)]!): Row[] {
  const span = Math.max(...values) - low;
  const levels = values.map((value) => (span > 0 ? Math.max(0, (value - low) / span) : 0.5) * (height * 8 - 1) + 1);
  return Array.from({ length: height }, (_, row) => {
    const below = (height - 1 - row) * 8;
    return [run(` ${levels.map((level) => column(level - below)).join('')}`, 'accent')];
  });
}

const column = (eighths: number) => (eighths < 0.5 ? ' ' : block((Math.min(8, Math.round(eighths)) - 1) / 7));
