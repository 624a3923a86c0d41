import './production.ts';
import { render } from 'ink';
import { createElement } from 'react';
import type { LiveEvent } from '../core/event.ts';
import { App } from './app.tsx';
import type { Analyse, NetworkInfo } from './budget.ts';
import { openLive } from './live.ts';
import type { Context } from './panel-props.ts';
import { openScreen } from './screen.ts';
import { type ColorDepth, stylesFor } from './theme.ts';
import type { Command, UiState } from './ui-state.ts';

export { restoreTerminal } from './screen.ts';

export interface DashboardOptions extends Context {
  /**
   * Calls back with every event from now on, and at once with those of an existing study (known by their time: they are
   * before `now()`). Returns how to stop that.
   */
  readonly events: (listener: (event: LiveEvent) => void) => () => void;
  readonly analyse: Analyse;
  /** Shows what a trial does to every layer; without it, the candidate's parameters are listed. */
  readonly network?: NetworkInfo;
  readonly actions: DashboardActions;
  readonly stdout: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface DashboardActions {
  pause(): void;
  resume(): void;
  /** The first q or Ctrl-C: stop the running trials and end. The dashboard stays until it is unmounted. */
  stop(): void;
  /** The second one. The dashboard is gone when this is called. */
  leaveNow(): void;
}

export interface Dashboard {
  unmount(): void;
  /** Resolves when the dashboard is gone and the terminal is as it was. */
  readonly done: Promise<void>;
}

/** Shows a running study on a terminal. Only for a stdout that is a TTY: elsewhere use plain.ts. */
export function mountDashboard(options: DashboardOptions): Dashboard {
  const { stdout, stdin, actions } = options;
  const live = openLive(options.analyse, options.now);
  const screen = openScreen(stdout);
  const unsubscribe = options.events((event) => live.push(event));
  const unmount = () => ink.unmount();
  const onUnmount = () => {
    unsubscribe();
    live.close();
    screen.leave();
  };
  const onCommand = (command: Command, before: UiState) => {
    const ended = live.snapshot().model.session.phase === 'ended';
    if (command === 'redraw') screen.redraw();
    if (command === 'pause' && !before.stopping) actions[before.paused ? 'resume' : 'pause']();
    if (command !== 'quit') return;
    if (!ended && !before.stopping) return actions.stop();
    unmount();
    if (!ended) actions.leaveNow();
  };
  // Undefined where stdin is no terminal, whatever Node's types say; Ink would take that as a yes.
  const keyboard = (stdin as { readonly isTTY?: boolean }).isTTY ?? false;
  const styles = stylesFor(stdout.getColorDepth() as ColorDepth);
  const { record, goal, budget, network } = options;
  const app = createElement(App, { record, goal, budget, network, live, screen, styles, keyboard, onCommand, onUnmount });
  // debug: every frame is written whole and at once; the screen compares it with the one before (see screen.ts).
  const ink = render(app, {
    stdout: screen.stream,
    stdin,
    debug: true,
    exitOnCtrlC: false,
    patchConsole: false,
    onRender: ({ renderTime }) => live.drawn(renderTime),
  });
  const done = ink.waitUntilExit().then(() => undefined);
  return { unmount, done };
}
