import { memo } from 'react';
import type { Goal } from '../../core/objective.ts';
import { metricFormat } from '../format.ts';
import type { TrialRow } from '../panel-props.ts';
import { type Missed, type ScatterInput, type ScatterPoint, scatter } from '../scatter.ts';
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
  const points = pointsOf(trials, x, selected);
  const label = `accuracy × ${metricFormat(x).label}`;
  if (points.length === 0)
    return <Panel title={label} rows={[[], [run('  no trial is finished yet', 'dim')]]} width={width} height={height} />;
  const picture = scatter(pictureOf(points, x, goal, { width, height }));
  const rows = picture.map((cells) => cells.map(({ text, role }) => run(text, role)));
  return <Panel title={label} facts={legend(width - label.length)} rows={rows} width={width} height={height} />;
});

const legend = (width: number): Row =>
  width < 25 ? [] : [run('  '), run('●', 'front'), run(' front  ', 'dim'), run('◆', 'baseline'), run(' baseline', 'dim')];

type NumberedPoint = ScatterPoint & { readonly trial: number };

/** The trials that have both metrics. */
export const pointsOf = (trials: readonly TrialRow[], x: string, selected: number | undefined): NumberedPoint[] =>
  trials.map((row) => pointOf(row, x, selected)).filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));

export const pictureOf = (points: readonly ScatterPoint[], x: string, goal: Goal, { width, height }: Size): ScatterInput => ({
  x,
  y: 'accuracy',
  points,
  bounds: { x: boundsOf(goal, x), y: boundsOf(goal, 'accuracy') },
  missed: [...missedOf(goal, x, 'x'), ...missedOf(goal, 'accuracy', 'y')],
  columns: width,
  rows: height - 1,
});

/** Only the front has its noise drawn: more bars than that hide it. */
function pointOf({ trial, metrics, onFront, ranges }: TrialRow, x: string, selected: number | undefined): NumberedPoint {
  const role = trial === 0 ? 'baseline' : trial === selected ? 'selected' : onFront ? 'front' : 'trial';
  const [xRange, yRange] = [ranges[x], ranges['accuracy']];
  return {
    trial,
    x: metrics[x] ?? Number.NaN,
    y: metrics['accuracy'] ?? Number.NaN,
    role,
    ...(xRange ? { xRange } : {}),
    ...(yRange ? { yRange } : {}),
  };
}

const missedOf = (goal: Goal, metric: string, axis: 'x' | 'y'): Missed[] =>
  goal.constraints
    .filter((constraint) => constraint.metric === metric)
    .map(({ op, bound }) => ({ axis, bound, side: op === '>=' ? 'below' : 'above' }));

const boundsOf = (goal: Goal, metric: string) =>
  goal.constraints.filter((constraint) => constraint.metric === metric).map(({ bound }) => bound);
