import type { StudyHead } from '../study/picture.ts';
import type { ViewState } from './chart.ts';

export type Axes = Pick<ViewState, 'x' | 'y' | 'z' | 'metric'>;

/** The axes that were wished for, where the study has such metrics; else its objectives, and what comes after them. */
export function axesFor({ goal, metrics }: StudyHead, wished: Partial<Axes> = {}): Axes {
  const names = metrics.map(({ name }) => name);
  const objectives = goal.objectives.map(({ metric }) => metric);
  const known = (metric: string | undefined) => (metric !== undefined && names.includes(metric) ? metric : undefined);
  const y = known(wished.y) ?? objectives[0]!;
  const x = known(wished.x) ?? objectives[1] ?? names.find((name) => name !== y) ?? y;
  const rest = [objectives[2], 'latencyMs', 'macs', 'params', ...names].filter((name) => name !== x && name !== y);
  return { x, y, z: known(wished.z) ?? rest.find(known) ?? x, metric: known(wished.metric) ?? objectives[0]! };
}

/** What is looked at before anybody chose: a view from the corner that most fronts are seen well from. */
export const firstLook: Omit<ViewState, keyof Axes> = { selected: undefined, pinned: [], filters: {}, turn: [-0.6, 0.42] };
