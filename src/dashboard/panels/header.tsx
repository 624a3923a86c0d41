import { formatClock, formatDuration, formatRate } from '../format.ts';
import { type Best, bestText, type Mode, type ProgressProps } from '../panel-props.ts';
import { textWidth } from '../text-width.ts';
import { bar, Lines, type Row, run } from './panel.tsx';

export const headerHeight = 3;

interface HeaderProps extends ProgressProps {
  readonly best: Best | undefined;
  readonly width: number;
}

/** Which study, how far it is, how long it takes, and the best so far. */
export function Header(props: HeaderProps) {
  const rows = [identity(props), progress(props), counts(props)];
  return <Lines rows={rows} width={props.width} height={headerHeight} />;
}

function identity({ study, controller, seed, elapsedMs, width }: HeaderProps): Row {
  const left = [run(' espalier ', 'title'), run(study, 'strong'), run(` · ${controller} · seed ${seed}`, 'dim')];
  return spread(left, [run('elapsed ', 'dim'), run(`${formatClock(elapsedMs)} `)], width);
}

function progress({ fraction, over, total, mode, remainingMs, width }: HeaderProps): Row {
  const figures = `  ${over}/${total}  `;
  const state = modeText(mode, remainingMs);
  const room = width - 2 - figures.length - Math.max(state.length, 18);
  return [
    run(' '),
    ...bar(fraction, Math.max(4, room)),
    run(figures, 'strong'),
    run(state.padStart(18), mode === 'running' ? 'plain' : 'front'),
  ];
}

export function modeText(mode: Mode, remainingMs: number | undefined): string {
  switch (mode) {
    case 'starting':
      return 'starting';
    case 'running':
      return `${formatDuration(remainingMs)} left`;
    case 'paused':
      return 'paused: p goes on';
    case 'stopping':
      return 'stopping: q again leaves now';
    case 'ended':
      return 'ended: q leaves';
    case 'lost':
      return 'its process is gone: q leaves';
    case 'idle':
      return 'no search runs: q leaves';
    default:
      return mode satisfies never;
  }
}

function counts({ done, failed, paused, stopped, running, waiting, trialsPerHour, best, width }: HeaderProps): Row {
  const ends = [run(` ${done} done`), ...(failed > 0 ? [run(' · '), run(`${failed} failed`, 'failure')] : [])];
  for (const [count, state] of [
    [paused, 'paused'],
    [stopped, 'stopped'],
  ] as const)
    if (count > 0) ends.push(run(` · ${count} ${state}`));
  const under = [...ends, run(` · ${running} running`, 'dim')];
  const left = waiting > 0 ? [...under, run(` · ${waiting} waiting`, 'dim')] : under;
  const right = best ? [run('best '), run(bestText(best), 'front'), run(` #${best.trial} `, 'dim')] : [];
  const rate = trialsPerHour !== undefined && running > 0 ? [run(` · ${formatRate(trialsPerHour)}`, 'dim')] : [];
  // The best one says more than how many are under way, which the workers' panel shows too.
  const fits = [[...left, ...rate], left, under, ends].find((each) => lengthOf([...each, ...right]) < width);
  return spread(fits ?? left, right, width);
}

/** Both ends of a line; the right end goes where they would meet. */
function spread(left: Row, right: Row, width: number): Row {
  const gap = width - lengthOf(left) - lengthOf(right);
  return gap < 1 ? left : [...left, run(' '.repeat(gap)), ...right];
}

const lengthOf = (row: Row) => row.reduce((sum, { text }) => sum + textWidth(text), 0);
