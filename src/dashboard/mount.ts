import './production.ts';
import { render } from 'ink';
import { createElement } from 'react';
import type { CommandAnswer, StudyCommand } from '../core/control.ts';
import type { LiveEvent } from '../core/event.ts';
import { App } from './app.tsx';
import { speaksUnicode } from './ascii.ts';
import type { Analyse, NetworkInfo, Recalled } from './budget.ts';
import { openLive } from './live.ts';
import type { Context } from './panel-props.ts';
import { openScreen } from './screen.ts';
import { keepTerminal, suspendProcess } from './suspend.ts';
import { type ColorDepth, stylesFor } from './theme.ts';
import type { Effect, UiState } from './ui-state.ts';

export { restoreTerminal } from './screen.ts';

export interface DashboardOptions extends Context {
  /**
   * Calls back with every event from now on, and at once with those of an existing study (known by their time: they are
   * before `since`). Returns how to stop that.
   */
  readonly events: (listener: (event: LiveEvent) => void) => () => void;
  /** Milliseconds since the epoch: what is older belongs to sessions that have ended; by default, now. */
  readonly since?: number;
  readonly analyse: Analyse;
  /** Shows what a trial does to every layer; until it is there, the candidate's parameters are listed. */
  readonly network?: () => Promise<NetworkInfo>;
  /** For events of an outline: what they leave out of a trial that is looked at. */
  readonly recall?: (trial: number) => Recalled | undefined;
  readonly actions: DashboardActions;
  readonly stdout: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  /** Says what the terminal can show; by default, the process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface DashboardActions {
  /** Absent where someone else's search is looked at: then q only leaves. */
  readonly search?: {
    /** The first q or Ctrl-C: stop the running trials and end. The dashboard stays until it is unmounted. */
    stop(): void;
    /** The second one. The dashboard is gone when this is called. */
    leaveNow(): void;
  };
  steer(command: StudyCommand): CommandAnswer | Promise<CommandAnswer>;
  export(trial: number, folder: string): Promise<CommandAnswer>;
  /** Ctrl-Z; by default, the process group is stopped as a shell would do it. */
  suspend?(): void;
}

export interface Dashboard {
  unmount(): void;
  /** Resolves when the dashboard is gone and the terminal is as it was. */
  readonly done: Promise<void>;
}

/** Shows a study on a terminal. Only for a stdout that is a TTY and not dumb: elsewhere use plain.ts. */
export function mountDashboard(options: DashboardOptions): Dashboard {
  const { stdout, stdin, actions, env = process.env } = options;
  // Undefined where stdin is no terminal, whatever Node's types say; Ink would take that as a yes.
  const keyboard = (stdin as { readonly isTTY?: boolean }).isTTY ?? false;
  const live = openLive(options.analyse, options.now, options.since ?? options.now());
  const unsubscribe = options.events((event) => live.push(event));
  live.update();
  const screen = openScreen(stdout, { ascii: !speaksUnicode(env, process.platform), mouse: keyboard });
  const awake = keepTerminal(screen, stdin);
  const unmount = () => ink.unmount();
  const onUnmount = () => {
    unsubscribe();
    live.close();
    awake.dispose();
    screen.leave();
  };
  const quit = ({ stopping }: UiState) => {
    const { phase } = live.snapshot().model.session;
    const over = !actions.search || phase === 'ended';
    if (!over && !stopping) return actions.search?.stop();
    unmount();
    if (!over) actions.search?.leaveNow();
  };
  const onEffect = (effect: Effect, before: UiState): Promise<string> | string => {
    switch (effect.type) {
      case 'quit':
        quit(before);
        return '';
      case 'redraw':
        screen.redraw();
        return '';
      case 'suspend':
        if (actions.suspend) actions.suspend();
        else suspendProcess();
        return '';
      case 'steer':
        return said(actions.steer(effect.command));
      case 'export':
        return said(actions.export(effect.trial, effect.folder));
      default:
        return effect satisfies never;
    }
  };
  const styles = stylesFor(stdout.getColorDepth() as ColorDepth);
  const { record, goal, budget, recall } = options;
  const network: { current: NetworkInfo | undefined } = { current: undefined };
  const fill = async () => {
    network.current = await options.network?.();
    live.update();
  };
  const shown = { record, goal, budget, network, recall, live, screen, styles, keyboard, watching: !actions.search };
  // debug: every frame is written whole and at once; the screen compares it with the one before (see screen.ts).
  const ink = render(createElement(App, { ...shown, onEffect, onUnmount }), {
    stdout: screen.stream,
    stdin,
    debug: true,
    exitOnCtrlC: false,
    patchConsole: false,
    onRender: () => live.drawn(),
  });
  void fill();
  const done = ink.waitUntilExit().then(() => undefined);
  return { unmount, done };
}

async function said(answer: CommandAnswer | Promise<CommandAnswer>): Promise<string> {
  try {
    return (await answer).message;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
