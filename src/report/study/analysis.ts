import { type Goal, losses, type Metrics, violation } from '../../core/objective.ts';
import { importanceOf } from '../../search/importance/importance.ts';
import { ParetoArchive } from '../../search/study/pareto.ts';
import { type HypervolumeFrame, hypervolumeFrame, hypervolumeIn } from '../../search/study/progress.ts';
import type { StudyHead, StudyPicture, TrialRow } from './picture.ts';

/** What is worked out from a picture: the same in the page, in a report and in a summary. */
export interface Analysis {
  /** Best first by the first objective. */
  readonly front: readonly TrialRow[];
  readonly onFront: ReadonlySet<number>;
  readonly baseline: TrialRow | undefined;
  /** Undefined until the baseline and the anchors are there. */
  readonly frame: HypervolumeFrame | undefined;
  readonly history: readonly HypervolumePoint[];
}

export interface HypervolumePoint {
  /** Trials finished by then. */
  readonly finished: number;
  readonly hypervolume: number;
  readonly trial: number;
}

export const isMeasured = ({ metrics }: TrialRow): boolean => Object.keys(metrics).length > 0;

export const isFeasible = ({ metrics }: TrialRow, { constraints }: Goal): boolean => violation(metrics, constraints) === 0;

/** Bytes, counts and times are compared by their ratios. */
export const logMetrics = ({ metrics }: Pick<StudyHead, 'metrics'>): ReadonlySet<string> =>
  new Set(metrics.filter(({ unit }) => unit !== 'fraction').map(({ name }) => name));

export function analysePicture({ head, rows }: StudyPicture): Analysis {
  const measured = rows.filter(isMeasured);
  const first = rows[0];
  const front = archiveOf(measured, head.goal)
    .front()
    .map(({ value }) => value)
    .sort((a, b) => lossOf(a, head.goal) - lossOf(b, head.goal) || a.number - b.number);
  const frame = frameOf(head, rows);
  // Worked out when somebody looks: it takes longer than all the rest.
  let history: readonly HypervolumePoint[] | undefined;
  return {
    front,
    onFront: new Set(front.map(({ number }) => number)),
    baseline: first && isMeasured(first) ? first : undefined,
    frame,
    get history() {
      history ??= frame ? historyIn(frame, measured, head.goal) : [];
      return history;
    },
  };
}

const lossOf = ({ metrics }: TrialRow, { objectives }: Goal): number => losses(metrics, objectives)[0]!;

const pointOf = (row: TrialRow, { objectives, constraints }: Goal) => ({
  losses: losses(row.metrics, objectives),
  violation: violation(row.metrics, constraints),
  value: row,
});

function archiveOf(rows: readonly TrialRow[], goal: Goal): ParetoArchive<TrialRow> {
  const archive = new ParetoArchive<TrialRow>();
  for (const row of rows) archive.insert(pointOf(row, goal));
  return archive;
}

const framing: ReadonlySet<string> = new Set(['baseline', 'anchor']);
const ended: ReadonlySet<TrialRow['state']> = new Set(['done', 'failed', 'paused', 'stopped']);

/** The box in which hypervolumes are measured, as the search itself does it. */
function frameOf(head: StudyHead, rows: readonly TrialRow[]): HypervolumeFrame | undefined {
  const fixed = rows.filter(({ origin, state }) => framing.has(origin) && ended.has(state));
  if (fixed.length < (head.framed ?? 1)) return undefined;
  const metrics = fixed.filter(isMeasured).map((row) => row.metrics);
  return hypervolumeFrame(metrics, head.goal.objectives, logMetrics(head));
}

/** From four objectives on, one hypervolume takes long: so many are enough for a curve. */
const mostPoints = 60;

/** How the hypervolume grew over the trials in the order in which they ended. */
export function historyIn(frame: HypervolumeFrame, measured: readonly TrialRow[], goal: Goal): HypervolumePoint[] {
  const order = [...measured].sort((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0) || a.number - b.number);
  const archive = new ParetoArchive<Metrics>();
  const every = frame.objectives.length > 3 ? Math.ceil(order.length / mostPoints) : 1;
  const history: HypervolumePoint[] = [];
  /** The trial that changed the front since the last point. */
  let grownBy: number | undefined;
  for (const [i, row] of order.entries()) {
    if (archive.insert({ ...pointOf(row, goal), value: row.metrics })) grownBy = row.number;
    const isLast = i === order.length - 1;
    if (isLast || (grownBy !== undefined && i % every === 0)) {
      const front = archive.front().map(({ value }) => value);
      history.push({
        finished: i + 1,
        hypervolume: grownBy === undefined ? (history.at(-1)?.hypervolume ?? 0) : hypervolumeIn(frame, front),
        trial: grownBy ?? row.number,
      });
      grownBy = undefined;
    }
  }
  return history;
}

/** Share of the metric's variance that each parameter explains on its own; undefined where too few trials were measured. */
export function importancesFor({ head, rows }: StudyPicture, metric: string): number[] | undefined {
  const known = rows.filter(
    ({ metrics, positions }) => metrics[metric] !== undefined && positions.every((position) => position !== null),
  );
  const log = logMetrics(head).has(metric);
  const axes = head.parameters.map(({ levels, low, high }) => (levels ? { levels: levels.length } : { low, high }));
  return importanceOf(
    axes,
    known.map(({ positions }) => positions as readonly number[]),
    known.map(({ metrics }) => (log ? Math.log(Math.max(metrics[metric]!, Number.MIN_VALUE)) : metrics[metric]!)),
  );
}
