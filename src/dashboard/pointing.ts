import type { Goal } from '../core/objective.ts';
import type { Region } from './layout.ts';
import type { MouseEvent } from './mouse.ts';
import { tabsOf } from './panels/help.tsx';
import { pictureOf, pointsOf } from './panels/scatter.tsx';
import { columnAt, visibleRows } from './panels/trials.tsx';
import { dotOf, frameOf } from './scatter.ts';
import type { Command, UiState } from './ui-state.ts';
import type { View } from './view.ts';

export interface Pointed {
  readonly ui: UiState;
  readonly goal: Goal;
  readonly view: View;
  readonly regions: readonly Region[];
}

/** Lines that one notch of the wheel moves. */
const notch = 3;
/** How far from a point of the scatter a click may be, in dots of a character's width. */
const reach = 6;

/** What a click or the wheel means there. */
export function pointAt(pointed: Pointed, event: MouseEvent): Command[] {
  if (event.kind !== 'press') return Array<Command>(notch).fill(event.kind === 'wheelUp' ? 'up' : 'down');
  const tab = tabAt(pointed, event);
  if (tab) return [tab];
  if (pointed.ui.help) return ['help'];
  const region = pointed.regions.find((each) => isInside(each, event));
  const command = region && commandAt(pointed, region, event.column - region.left, event.row - region.top);
  return command ? [command] : [];
}

const isInside = ({ left, top, width, height }: Region, { column, row }: MouseEvent) =>
  column >= left && column < left + width && row >= top && row < top + height;

/** The tabs are the beginning of the last line: below everything else. */
function tabAt({ ui, regions, view }: Pointed, { column, row }: MouseEvent): Command | undefined {
  const bottom = Math.max(...regions.map(({ top, height }) => top + height)) + view.layout.log;
  const width = Math.max(...regions.map(({ left, width }) => left + width));
  if (row !== bottom) return undefined;
  let end = 0;
  const found = tabsOf(width, ui.view).find(({ text }) => {
    end += text.length;
    return column < end;
  });
  return found && { type: 'view', view: found.view };
}

function commandAt(pointed: Pointed, region: Region, x: number, y: number): Command | undefined {
  const { view } = pointed;
  if (region.panel === 'scatter') return nearestPoint(pointed, region, x, y);
  if (region.panel !== 'table' && region.panel !== 'trials') return undefined;
  if (y === 1 && region.panel === 'trials') {
    const column = columnAt(view.rows, pointed.goal, region.width, x);
    return column && { type: 'sortBy', column };
  }
  const row = y < 2 ? undefined : visibleRows(view.rows, view.selected, region.height)[y - 2];
  if (!row) return undefined;
  return row.trial === pointed.ui.selected ? 'open' : { type: 'select', trial: row.trial };
}

function nearestPoint({ view, goal, ui }: Pointed, { width, height }: Region, x: number, y: number): Command | undefined {
  const points = pointsOf(view.all, view.axis, view.selected);
  if (points.length === 0) return undefined;
  const frame = frameOf(pictureOf(points, view.axis, goal, { width, height }));
  const [dotX, dotY] = [(x - frame.left) * 2 + 0.5, (y - 1) * 4 + 1.5];
  let nearest: { readonly trial: number; readonly distance: number } | undefined;
  for (const point of points) {
    const dot = dotOf(frame, point);
    const distance = dot ? Math.hypot(dot.x - dotX, (dot.y - dotY) / 2) : Number.POSITIVE_INFINITY;
    if (distance <= reach && distance < (nearest?.distance ?? Number.POSITIVE_INFINITY))
      nearest = { trial: point.trial, distance };
  }
  if (!nearest) return undefined;
  return nearest.trial === ui.selected ? 'open' : { type: 'select', trial: nearest.trial };
}
