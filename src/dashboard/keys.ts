import { questions } from './prompt.ts';
import { type Command, type Reduced, reducePrompt, reduceUi, type Scene, type UiState, views } from './ui-state.ts';

/** The fields of Ink's key that matter here. */
export interface Key {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly tab: boolean;
  readonly shift: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly ctrl: boolean;
}

const letters: ReadonlyMap<string, Command> = new Map<string, Command>([
  ...views.map((view, i): [string, Command] => [String(i + 1), { type: 'view', view }]),
  ['q', 'quit'],
  ['Q', 'stop'],
  ['p', 'pause'],
  ['x', 'axis'],
  ['k', 'up'],
  ['j', 'down'],
  ['g', 'first'],
  ['G', 'last'],
  ['t', 'table'],
  ['o', 'sort'],
  ['O', 'reverse'],
  ['f', 'favourite'],
  ['/', { type: 'ask', kind: 'filter' }],
  ['a', { type: 'ask', kind: 'add-trials' }],
  ['b', { type: 'ask', kind: 'time' }],
  ['s', { type: 'ask', kind: 'stop-trial' }],
  ['e', { type: 'ask', kind: 'export' }],
  ['?', 'help'],
]);

const withControl: ReadonlyMap<string, Command> = new Map([
  ['c', 'quit'],
  ['l', 'redraw'],
  ['z', 'suspend'],
]);

const named: readonly (readonly [name: keyof Key, command: Command])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['pageUp', 'pageUp'],
  ['pageDown', 'pageDown'],
  ['home', 'first'],
  ['end', 'last'],
  ['return', 'open'],
  ['escape', 'back'],
];

/** What key presses mean, if anything. Ink delivers letters that were typed at once as one input. */
export function commandsOf(input: string, key: Key): Command[] {
  const command = specialCommand(input, key);
  if (command) return [command];
  return key.ctrl ? [] : Array.from(input).flatMap((letter) => letters.get(letter) ?? []);
}

function specialCommand(input: string, key: Key): Command | undefined {
  if (key.ctrl) return withControl.get(input);
  if (key.tab) return key.shift ? 'previous' : 'next';
  return named.find(([name]) => key[name])?.[1];
}

/**
 * Everything that one key press does, in order; while something is asked, the keys write its answer. A terminal may deliver
 * letters and Enter at once.
 */
export function pressed(ui: UiState, scene: Scene, input: string, key: Key): Reduced[] {
  const special = specialCommand(input, key);
  if (special || key.ctrl || input === '') {
    if (ui.prompt) return [answering(ui, scene, input, key)];
    return special ? [reduceUi(ui, special, scene)] : [];
  }
  const steps: Reduced[] = [];
  for (const letter of Array.from(input)) {
    const before = steps.at(-1)?.ui ?? ui;
    if (before.prompt) steps.push(answering(before, scene, letter, keyOf(letter, key)));
    else for (const command of commandsOf(letter, key)) steps.push(reduceUi(before, command, scene));
  }
  return steps;
}

const keyOf = (letter: string, key: Key): Key => {
  if (letter === '\r') return { ...key, return: true };
  return letter === '\x7f' ? { ...key, backspace: true } : key;
};

function answering(ui: UiState, scene: Scene, input: string, key: Key): Reduced {
  if (key.ctrl && input === 'c') return reducePrompt(ui, 'cancel');
  if (key.ctrl && input === 'u') return reduceUi(ui, { type: 'erase', all: true }, scene);
  if (key.return) return reducePrompt(ui, 'submit');
  if (key.escape) return reducePrompt(ui, 'cancel');
  if (key.backspace || key.delete) return reduceUi(ui, { type: 'erase', all: false }, scene);
  const text = key.ctrl || questions[ui.prompt!.kind].confirm ? '' : input.replace(/\p{Cc}/gu, '');
  return reduceUi(ui, { type: 'type', text }, scene);
}
