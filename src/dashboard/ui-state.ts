/** What the person at the keyboard has chosen; the keys change it, nothing else. */
export interface UiState {
  /** Place in the list of metrics along the scatter's x axis. */
  readonly axis: number;
  readonly table: 'front' | 'all';
  /** Undefined: the best trial is followed. */
  readonly selected: number | undefined;
  readonly detail: boolean;
  readonly help: boolean;
  readonly paused: boolean;
  readonly stopping: boolean;
}

export const initialUi: UiState = {
  axis: 0,
  table: 'front',
  selected: undefined,
  detail: false,
  help: false,
  paused: false,
  stopping: false,
};

export type Command = 'quit' | 'pause' | 'axis' | 'up' | 'down' | 'detail' | 'table' | 'help' | 'back' | 'redraw';

/** The fields of Ink's key that matter here. */
export interface Key {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly ctrl: boolean;
}

const commands: ReadonlyMap<string, Command> = new Map([
  ['q', 'quit'],
  ['p', 'pause'],
  ['x', 'axis'],
  ['k', 'up'],
  ['j', 'down'],
  ['t', 'table'],
  ['?', 'help'],
]);

const controlCommands: ReadonlyMap<string, Command> = new Map([
  ['c', 'quit'],
  ['l', 'redraw'],
]);

/** What key presses mean, if anything. Ink delivers letters that were typed at once as one input. */
export function commandsOf(input: string, key: Key): Command[] {
  const command = specialCommand(input, key);
  return command ? [command] : key.ctrl ? [] : Array.from(input).flatMap((letter) => commands.get(letter) ?? []);
}

function specialCommand(input: string, key: Key): Command | undefined {
  if (key.ctrl) return controlCommands.get(input);
  if (key.upArrow) return 'up';
  if (key.downArrow) return 'down';
  if (key.return) return 'detail';
  if (key.escape) return 'back';
  return undefined;
}

/** What is on the screen when a key is pressed: the trials of the table in order, and the one that is highlighted. */
export interface Listed {
  readonly trials: readonly number[];
  readonly highlighted: number | undefined;
}

export function reduceUi(ui: UiState, command: Command, listed: Listed): UiState {
  switch (command) {
    case 'quit':
      return { ...ui, stopping: true, paused: false };
    case 'pause':
      return ui.stopping ? ui : { ...ui, paused: !ui.paused };
    case 'axis':
      return { ...ui, axis: ui.axis + 1 };
    case 'up':
    case 'down':
      return { ...ui, selected: step(listed, ui.selected, command === 'up' ? -1 : 1) };
    case 'detail':
      return { ...ui, detail: !ui.detail, help: false };
    case 'table':
      return { ...ui, table: ui.table === 'front' ? 'all' : 'front', detail: false, help: false };
    case 'help':
      return { ...ui, help: !ui.help };
    case 'back':
      return ui.help || ui.detail ? { ...ui, help: false, detail: false } : { ...ui, selected: undefined };
    case 'redraw':
      return ui;
    default:
      return command satisfies never;
  }
}

function step({ trials, highlighted }: Listed, selected: number | undefined, by: number): number | undefined {
  const from = selected ?? highlighted;
  const at = from === undefined ? -1 : trials.indexOf(from);
  if (at < 0) return trials[0];
  return trials[Math.min(trials.length - 1, Math.max(0, at + by))];
}
