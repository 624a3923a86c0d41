import { useMemo } from 'react';
import type { Goal } from '../core/objective.ts';
import { type FinishedTrial, type MeasuredTrial, measuredTrial } from '../core/trial.ts';
import type { NetworkInfo } from './budget.ts';
import { type Layout, layoutFor, type PanelName, type Place } from './layout.ts';
import type { Snapshot } from './live.ts';
import {
  bestSoFar,
  type Context,
  detailProps,
  everyRow,
  logLines,
  type Mode,
  progressProps,
  type Recall,
  type TrialRow,
  trialRows,
  workerRows,
} from './panel-props.ts';
import { type DetailPart, detailRows } from './panels/detail.tsx';
import { eventRows } from './panels/events.tsx';
import { layerRows } from './panels/layers.tsx';
import type { Row } from './panels/panel.tsx';
import { rowFilter, sortRows } from './sorting.ts';
import type { Scene, UiState } from './ui-state.ts';

/** What the panels show, worked out from a snapshot and what the keys have chosen. */
export interface View {
  readonly layout: Layout;
  readonly progress: ReturnType<typeof progressProps> & { readonly best: ReturnType<typeof bestSoFar> };
  readonly workers: ReturnType<typeof workerRows>;
  /** Of the finished trials, for the scatter. */
  readonly all: readonly TrialRow[];
  /** Of the table that is shown, in its order. */
  readonly rows: readonly TrialRow[];
  readonly selected: number | undefined;
  readonly favourites: ReadonlySet<number>;
  readonly axis: string;
  readonly history: readonly number[];
  readonly detail: ReturnType<typeof detailProps>;
  readonly members: number;
  /** Lines of the panels that scroll. */
  readonly lines: Readonly<Partial<Record<PanelName, readonly Row[]>>>;
  readonly log: ReturnType<typeof logLines>;
}

type Parts = Context & { readonly network: NetworkInfo | undefined; readonly recall: Recall | undefined };
type Size = { readonly columns: number; readonly rows: number };

/** Along the picture's x axis: what the search is for comes first. */
const axesFor = ({ objectives }: Goal): string[] => {
  const aims = objectives.map(({ metric }) => metric).filter((metric) => metric !== 'accuracy');
  return [...new Set([...aims, 'size', 'latencyMs', 'macs', 'params'])];
};

/** What depends on finished trials alone is kept while only progress comes in. */
export function useView(parts: Parts, snapshot: Snapshot, ui: UiState, size: Size): View {
  const { goal, budget, network, recall } = parts;
  const { model, analysis, now } = snapshot;
  const { finished, favourites, replicates, trials } = model;
  const { front } = analysis;
  const made = useMemo(
    () => ({ finished, favourites, replicates, front, recall }),
    [finished, favourites, replicates, front, recall],
  );
  const all = useMemo(() => trialRows(made, 'all'), [made]);
  const chosen = useMemo(() => trialRows(made, 'front'), [made]);
  const best = useMemo(() => bestSoFar(finished, goal), [finished, goal]);
  const isList = ui.view === 'trials';
  const listed = useMemo(
    () => (isList ? sortRows(everyRow(trials, made).filter(rowFilter(ui.filter)), ui.sort) : []),
    [isList, trials, made, ui.filter, ui.sort],
  );
  const rows = isList ? listed : ui.table === 'all' ? all : chosen;
  const selected = ui.selected ?? (isList ? undefined : best?.trial) ?? rows[0]?.trial;
  const workers = workerRows(model, budget);
  const layout = layoutFor(ui.view, size.columns, size.rows, workers.length);
  const detail = selected === undefined ? undefined : detailProps(model, analysis, goal, selected, recall);
  const log = logLines(model, analysis, goal);
  const members = useMemo(() => membersOf(finished, front), [finished, front]);
  const layers = useMemo(
    () => (ui.view === 'layers' && network ? layerRows(members.map(whole(recall)), network, size.columns) : []),
    [ui.view, members, network, recall, size.columns],
  );
  const lines = Object.fromEntries(
    layout.stacks.flat().flatMap((place) => {
      const found = linesOf(place, { detail, network, layers, events: () => eventRows(log, ui.filter) });
      return found ? [[place.panel, found]] : [];
    }),
  );
  return {
    layout,
    progress: { ...progressProps(model, parts, modeOf(snapshot, ui), now), best },
    workers,
    all,
    rows,
    selected,
    favourites,
    axis: axisOf(all, goal, ui.axis),
    history: analysis.history,
    detail,
    members: members.length,
    lines,
    log,
  };
}

function membersOf(finished: readonly FinishedTrial[], front: readonly number[]): readonly MeasuredTrial[] {
  const numbers = new Set(front);
  const members = finished.filter(({ number }) => numbers.has(number)).flatMap((trial) => measuredTrial(trial) ?? []);
  return members.sort(mostAccurateFirst);
}

const whole = (recall: Recall | undefined) => (trial: MeasuredTrial) => ({ ...trial, ...recall?.(trial.number) });

const mostAccurateFirst = (a: MeasuredTrial, b: MeasuredTrial) => (b.metrics['accuracy'] ?? 0) - (a.metrics['accuracy'] ?? 0);

interface LineParts {
  readonly detail: View['detail'];
  readonly network: NetworkInfo | undefined;
  readonly layers: readonly Row[];
  readonly events: () => readonly Row[];
}

function linesOf({ panel, width }: Place, { detail, network, layers, events }: LineParts): readonly Row[] | undefined {
  if (isDetail(panel)) return detailRows(panel, detail, network, width);
  if (panel === 'layers') return layers;
  return panel === 'events' ? events() : undefined;
}

export const isDetail = (panel: PanelName): panel is DetailPart => panel === 'detail' || panel === 'facts' || panel === 'choices';

/** What the keys need to know of it. */
export function sceneOf(view: View, ui: UiState, watching: boolean): Scene {
  const { mode } = view.progress;
  const places = view.layout.stacks.flat();
  const table = places.find(({ panel }) => panel === 'table' || panel === 'trials');
  const beyond = places.map(({ panel, height }) => (view.lines[panel]?.length ?? 0) - (height - 1));
  return {
    trials: view.rows.map(({ trial }) => trial),
    highlighted: view.selected,
    highlightedRuns: view.detail?.trial.state === 'running',
    favourites: view.favourites,
    paused: mode === 'paused',
    ended: mode === 'ended' || mode === 'lost' || mode === 'idle',
    watching,
    page: (table?.height ?? 12) - 2,
    furthest: ui.view === 'overview' || ui.view === 'trials' ? 0 : Math.max(0, ...beyond),
  };
}

/** Metrics that some trial has; the first in any case. */
function axisOf(rows: readonly TrialRow[], goal: Goal, index: number): string {
  const known = axesFor(goal).filter((axis, i) => i === 0 || rows.some(({ metrics }) => Number.isFinite(metrics[axis])));
  return known[index % known.length]!;
}

function modeOf({ model }: Snapshot, ui: UiState): Mode {
  const { phase, paused } = model.session;
  if (phase === 'ended' || phase === 'lost') return phase;
  if (ui.stopping) return 'stopping';
  if (paused) return 'paused';
  return phase === 'running' ? 'running' : 'starting';
}
