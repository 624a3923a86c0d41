import { Box, useInput } from 'ink';
import { useCallback, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { Goal } from '../core/objective.ts';
import type { NetworkInfo, Recalled } from './budget.ts';
import { type Key, pressed } from './keys.ts';
import { gutter, type Layout, regionsOf, smallest } from './layout.ts';
import type { Live } from './live.ts';
import { mouseEventOf } from './mouse.ts';
import type { Context } from './panel-props.ts';
import { LogPanel } from './panels/events.tsx';
import { Header } from './panels/header.tsx';
import { HelpPanel, KeyLine } from './panels/help.tsx';
import { PlacedPanel } from './panels/placed.tsx';
import { TinyScreen } from './panels/tiny.tsx';
import { WorkersPanel } from './panels/workers.tsx';
import { type Pointed, pointAt } from './pointing.ts';
import type { Screen } from './screen.ts';
import { StandInsContext } from './stand-ins.ts';
import { type Styles, StylesContext } from './theme.ts';
import { type Effect, initialUi, type Reduced, reduceUi, type Scene, type UiState } from './ui-state.ts';
import { sceneOf, useView, type View } from './view.ts';

export interface AppProps extends Context {
  readonly live: Live;
  readonly screen: Pick<Screen, 'size' | 'onResize' | 'standIns'>;
  readonly styles: Styles;
  /** Filled as soon as it is known. */
  readonly network: { readonly current: NetworkInfo | undefined };
  readonly recall: ((trial: number) => Recalled | undefined) | undefined;
  readonly keyboard: boolean;
  /** Someone else's search is looked at. */
  readonly watching: boolean;
  /** Called with what the keys ask of the world outside; its answer is shown. */
  readonly onEffect: (effect: Effect, before: UiState) => Promise<string> | string;
  /** Called while the screen is taken down, by whatever: a key, an error, a signal. */
  readonly onUnmount: () => void;
}

/** The whole screen: the newest snapshot, the size of the window and what the keys have chosen, laid out. */
export function App(props: AppProps) {
  const { live, screen, styles, keyboard, watching, onUnmount } = props;
  const snapshot = useSyncExternalStore(live.subscribe, live.snapshot);
  const size = useSize(screen);
  const { ui, press, show } = useUi(props.onEffect);
  // A layout effect is undone at once, a plain one too late when a signal ends the process.
  useLayoutEffect(() => onUnmount, [onUnmount]);
  const view = useView({ ...props, network: props.network.current }, snapshot, ui, size);
  show({ scene: sceneOf(view, ui, watching), view, goal: props.goal });
  useInput(press, { isActive: keyboard });
  const { columns, rows } = size;
  const tiny = columns < smallest.columns || rows < smallest.rows;
  return (
    <StandInsContext value={screen.standIns}>
      <StylesContext value={styles}>
        <Box flexDirection="column" width={columns} height={rows}>
          {tiny ? (
            <TinyScreen {...view.progress} width={columns} height={rows} />
          ) : (
            <Full {...props} view={view} ui={ui} size={size} />
          )}
        </Box>
      </StylesContext>
    </StandInsContext>
  );
}

interface ShownProps extends AppProps {
  readonly view: View;
  readonly ui: UiState;
  readonly size: { readonly columns: number; readonly rows: number };
}

function Full(props: ShownProps) {
  const { view, ui, size, watching } = props;
  const { columns, rows } = size;
  const layout = view.layout;
  return (
    <>
      <Header {...view.progress} width={columns} />
      {ui.help ? (
        <HelpPanel width={columns} height={rows - 4} watching={watching} />
      ) : (
        <>
          {layout.workers > 0 && <WorkersPanel workers={view.workers} width={columns} height={layout.workers} />}
          <Body {...props} layout={layout} />
          {layout.log > 0 && <LogPanel lines={view.log} width={columns} height={layout.log} />}
        </>
      )}
      <KeyLine ui={ui} paused={view.progress.mode === 'paused'} width={columns} />
    </>
  );
}

/** The stacks of panels, side by side. */
function Body({ layout, view, ui, goal }: ShownProps & { readonly layout: Layout }) {
  return (
    <Box columnGap={gutter} flexShrink={0}>
      {layout.stacks.map((places) => (
        <Box key={places.map(({ panel }) => panel).join()} flexDirection="column">
          {places.map((place) => (
            <PlacedPanel key={place.panel} view={view} ui={ui} goal={goal} {...place} />
          ))}
        </Box>
      ))}
    </Box>
  );
}

interface Latest {
  readonly scene: Scene;
  readonly view: View;
  readonly goal: Goal;
}

/**
 * What keys and mouse have chosen. Keys may come faster than React draws, or several at once: each one continues from what
 * the one before it chose.
 */
function useUi(onEffect: AppProps['onEffect']) {
  const [ui, setUi] = useState(initialUi);
  const chosen = useRef(initialUi);
  const shown = useRef<Latest | undefined>(undefined);
  const answer = useCallback(
    async (effect: Effect, before: UiState) => {
      const notice = await onEffect(effect, before);
      if (notice === '') return;
      chosen.current = { ...chosen.current, notice };
      setUi(chosen.current);
    },
    [onEffect],
  );
  const take = useCallback(
    (steps: readonly Reduced[]) => {
      for (const { ui: after, effect } of steps) {
        const before = chosen.current;
        chosen.current = after;
        if (effect) void answer(effect, before);
      }
      setUi(chosen.current);
    },
    [answer],
  );
  const press = useCallback(
    (input: string, key: Key) => {
      if (!shown.current) return;
      const { scene } = shown.current;
      const ui = { ...chosen.current, notice: '' };
      take(mouseSteps(input, ui, shown.current) ?? pressed(ui, scene, input, key));
    },
    [take],
  );
  const show = (latest: Latest) => {
    shown.current = latest;
  };
  return { ui, press, show };
}

/** Undefined for what is no report of the mouse. */
function mouseSteps(input: string, ui: UiState, { scene, view, goal }: Latest): Reduced[] | undefined {
  const event = mouseEventOf(input);
  if (event === undefined) return undefined;
  if (event === 'other' || ui.prompt) return [];
  const pointed: Pointed = { ui, goal, regions: regionsOf(view.layout), view };
  const steps: Reduced[] = [];
  for (const command of pointAt(pointed, event)) steps.push(reduceUi(steps.at(-1)?.ui ?? ui, command, scene));
  return steps;
}

function useSize(screen: AppProps['screen']) {
  const [size, setSize] = useState(screen.size);
  useEffect(() => screen.onResize(() => setSize(screen.size())), [screen]);
  return size;
}
