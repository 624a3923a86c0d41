import { Box, useInput } from 'ink';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { NetworkInfo } from './budget.ts';
import { gutter, type Layout, layoutFor, type Place } from './layout.ts';
import type { Live, Snapshot } from './live.ts';
import {
  bestSoFar,
  type Context,
  detailProps,
  logLines,
  type Mode,
  progressProps,
  type TrialRow,
  trialRows,
  workerRows,
} from './panel-props.ts';
import { DetailPanel } from './panels/detail.tsx';
import { Header } from './panels/header.tsx';
import { HelpPanel, KeyLine } from './panels/help.tsx';
import { HypervolumePanel } from './panels/hypervolume.tsx';
import { LogPanel } from './panels/log.tsx';
import { ScatterPanel } from './panels/scatter.tsx';
import { TrialsPanel } from './panels/trials.tsx';
import { WorkersPanel } from './panels/workers.tsx';
import type { Screen } from './screen.ts';
import { StandInsContext } from './stand-ins.ts';
import { type Styles, StylesContext } from './theme.ts';
import { type Command, commandsOf, initialUi, type Key, type Listed, reduceUi, type UiState } from './ui-state.ts';

export interface AppProps extends Context {
  readonly live: Live;
  readonly screen: Pick<Screen, 'size' | 'onResize' | 'standIns'>;
  readonly styles: Styles;
  readonly network: NetworkInfo | undefined;
  readonly keyboard: boolean;
  /** Called for every command with the state before it. */
  readonly onCommand: (command: Command, before: UiState) => void;
  /** Called while the screen is taken down, by whatever: a key, an error, a signal. */
  readonly onUnmount: () => void;
}

/** The whole screen: the newest snapshot, the size of the window and what the keys have chosen, laid out. */
export function App(props: AppProps) {
  const { live, screen, styles, keyboard, onCommand, onUnmount } = props;
  const snapshot = useSyncExternalStore(live.subscribe, live.snapshot);
  const size = useSize(screen);
  const { ui, press, show } = useUi(onCommand);
  // A layout effect is undone at once, a plain one too late when a signal ends the process.
  useLayoutEffect(() => onUnmount, [onUnmount]);
  const view = useView(props, snapshot, ui);
  show(view.listed);
  useInput(press, { isActive: keyboard });
  const layout = layoutFor(size.columns, size.rows, view.workers.length, ui.detail || ui.help);
  return (
    <StandInsContext value={screen.standIns}>
      <StylesContext value={styles}>
        <Box flexDirection="column" width={size.columns} height={size.rows}>
          <Header {...view.progress} width={size.columns} />
          {layout.workers > 0 && <WorkersPanel workers={view.workers} width={size.columns} height={layout.workers} />}
          <Body {...props} view={view} layout={layout} ui={ui} />
          {layout.log > 0 && <LogPanel lines={view.log} width={size.columns} height={layout.log} />}
          <KeyLine ui={ui} width={size.columns} />
        </Box>
      </StylesContext>
    </StandInsContext>
  );
}

/**
 * What the keys have chosen. Keys may come faster than React draws, or several at once: each one continues from what the one
 * before it chose.
 */
function useUi(onCommand: AppProps['onCommand']) {
  const [ui, setUi] = useState(initialUi);
  const latest = useRef<{ ui: UiState; listed: Listed }>({ ui: initialUi, listed: { trials: [], highlighted: undefined } });
  const press = useCallback(
    (input: string, key: Key) => {
      for (const command of commandsOf(input, key)) {
        const before = latest.current.ui;
        latest.current.ui = reduceUi(before, command, latest.current.listed);
        onCommand(command, before);
      }
      setUi(latest.current.ui);
    },
    [onCommand],
  );
  const show = (listed: Listed) => {
    latest.current.listed = listed;
  };
  return { ui, press, show };
}

function useSize(screen: AppProps['screen']) {
  const [size, setSize] = useState(screen.size);
  useEffect(() => screen.onResize(() => setSize(screen.size())), [screen]);
  return size;
}

type View = ReturnType<typeof useView>;

const axes = ['size', 'latencyMs', 'macs', 'params'];

/** Rows and the best trial depend on finished trials alone: they are kept while only progress comes in. */
function useView(props: AppProps, { model, analysis, now }: Snapshot, ui: UiState) {
  const { goal, budget } = props;
  const { finished } = model;
  // biome-ignore lint/correctness/useExhaustiveDependencies: of the model, only the finished trials matter here
  const all = useMemo(() => trialRows(model, analysis, 'all'), [finished, analysis]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  const front = useMemo(() => trialRows(model, analysis, 'front'), [finished, analysis]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  const best = useMemo(() => bestSoFar(model, goal), [finished, goal]);
  const rows = ui.table === 'all' ? all : front;
  const selected = ui.selected ?? best?.trial ?? rows[0]?.trial;
  const listed: Listed = { trials: rows.map(({ trial }) => trial), highlighted: selected };
  return {
    progress: { ...progressProps(model, props, modeOf(model.session.phase, ui), now), best },
    workers: workerRows(model, budget),
    all,
    rows,
    selected,
    listed,
    axis: axisOf(all, ui.axis),
    history: analysis.history,
    detail: selected === undefined ? undefined : detailProps(model, analysis, goal, selected),
    log: logLines(model, analysis, goal),
  };
}

/** Metrics that some trial has; size in any case. */
function axisOf(rows: readonly TrialRow[], index: number): string {
  const known = axes.filter((axis, i) => i === 0 || rows.some(({ metrics }) => Number.isFinite(metrics[axis])));
  return known[index % known.length]!;
}

function modeOf(phase: Snapshot['model']['session']['phase'], ui: UiState): Mode {
  if (phase === 'ended') return 'ended';
  if (ui.stopping) return 'stopping';
  if (ui.paused) return 'paused';
  return phase === 'running' ? 'running' : 'starting';
}

type BodyProps = AppProps & { readonly view: View; readonly layout: Layout; readonly ui: UiState };

/** The stacks of panels, side by side. */
function Body(props: BodyProps) {
  return (
    <Box columnGap={gutter} flexShrink={0}>
      {props.layout.stacks.map((places) => (
        <Box key={places.map(({ panel }) => panel).join()} flexDirection="column">
          {places.map((place) => (
            <PlacedPanel key={place.panel} {...props} {...place} />
          ))}
        </Box>
      ))}
    </Box>
  );
}

/** The panel of that name; the help takes the detail's place. */
function PlacedPanel({ panel, width, height, view, ui, goal, network }: BodyProps & Place) {
  const size = { width, height };
  switch (panel) {
    case 'scatter':
      return <ScatterPanel trials={view.all} x={view.axis} goal={goal} selected={view.selected} {...size} />;
    case 'hypervolume':
      return <HypervolumePanel history={view.history} {...size} />;
    case 'table':
      return <TrialsPanel rows={view.rows} which={ui.table} selected={view.selected} {...size} />;
    case 'detail':
      return ui.help ? <HelpPanel {...size} /> : <DetailPanel detail={view.detail} network={network} {...size} />;
    default:
      return panel satisfies never;
  }
}
