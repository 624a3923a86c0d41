import { smallest } from '../layout.ts';
import type { ProgressProps } from '../panel-props.ts';
import { modeText } from './header.tsx';
import { Lines, run, type Size } from './panel.tsx';

/** For a window in which numbers and pictures make no sense: how far it is, and how large the window has to be. */
export function TinyScreen({ study, over, total, mode, remainingMs, width, height }: ProgressProps & Size) {
  const rows = [
    [run(study, 'strong')],
    [run(`${over}/${total} `), run(modeText(mode, remainingMs), 'dim')],
    [],
    [run(`at least ${smallest.columns} × ${smallest.rows} to show more`, 'dim')],
    [run(`this is ${width} × ${height}; q quits`, 'dim')],
  ];
  return <Lines rows={rows} width={width} height={height} />;
}
