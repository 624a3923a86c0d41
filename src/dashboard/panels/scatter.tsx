import { memo } from 'react';
import type { Goal } from '../../core/objective.ts';
import { metricFormat } from '../format.ts';
import type { TrialRow } from '../panel-props.ts';
import { type ScatterPoint, scatter } from '../scatter.ts';
import { Panel, type Row, run, type Size } from './panel.tsx';

export interface ScatterProps extends Size {
  /** Every finished trial and the baseline. */
  readonly trials: readonly TrialRow[];
  /** The metric along x. */
  readonly x: string;
  readonly goal: Goal;
  readonly selected: number | undefined;
}

/** Accuracy against what the models cost. */
export const ScatterPanel = memo(function ScatterPanel({ trials, x, goal, selected, width, height }: ScatterProps) {
  const points = trials.map((row) => pointOf(row, x, selected)).filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const bounds = { x: boundsOf(goal, x), y: boundsOf(goal, 'accuracy') };
  const label = `accuracy × ${metricFormat(x).label}`;
  if (points.length === 0)
    return <Panel title={label} rows={[[], [run('  no trial is finished yet', 'dim')]]} width={width} height={height} />;
  const picture = scatter({ x, y: 'accuracy', points, bounds, columns: width, rows: height - 1 });
  const rows = picture.map((cells) => cells.map(({ text, role }) => run(text, role)));
  return <Panel title={label} facts={legend(width - label.length)} rows={rows} width={width} height={height} />;
});

const legend = (width: number): Row =>
  width < 25 ? [] : [run('  '), run('●', 'front'), run(' front  ', 'dim'), run('◆', 'baseline'), run(' baseline', 'dim')];

function pointOf({ trial, metrics, onFront }: TrialRow, x: string, selected: number | undefined): ScatterPoint {
  const role = trial === 0 ? 'baseline' : trial === selected ? 'selected' : onFront ? 'front' : 'trial';
  return { x: metrics[x] ?? Number.NaN, y: metrics['accuracy'] ?? Number.NaN, role };
}

const boundsOf = (goal: Goal, metric: string) =>
  goal.constraints.filter((constraint) => constraint.metric === metric).map(({ bound }) => bound);
