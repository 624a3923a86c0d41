import type { StudyCommand } from '../core/control.ts';
import { type Prompt, type PromptKind, submit } from './prompt.ts';
import { nextSort, type Sort, type SortColumn } from './sorting.ts';

/** The screens that a person can switch between, in the order of their keys. */
export const views = ['overview', 'trials', 'trial', 'layers', 'events'] as const;
export type ViewName = (typeof views)[number];

/** What the person at the keyboard has chosen; keys and mouse change it, nothing else. */
export interface UiState {
  readonly view: ViewName;
  /** Place in the list of metrics along the scatter's x axis. */
  readonly axis: number;
  /** Which trials the overview lists. */
  readonly table: 'front' | 'all';
  readonly sort: Sort;
  /** Words that a trial, or a line of the events, must have. */
  readonly filter: string;
  /** Undefined: the best trial is followed. */
  readonly selected: number | undefined;
  /** Lines that the view is scrolled down by; of the events, up from the newest. */
  readonly scroll: number;
  readonly help: boolean;
  readonly prompt: Prompt | undefined;
  readonly stopping: boolean;
  /** The last answer to something that was asked of the study. */
  readonly notice: string;
}

export const initialUi: UiState = {
  view: 'overview',
  axis: 0,
  table: 'front',
  sort: { column: 'trial', descending: true },
  filter: '',
  selected: undefined,
  scroll: 0,
  help: false,
  prompt: undefined,
  stopping: false,
  notice: '',
};

/** What is on the screen when a key is pressed. */
export interface Scene {
  /** The trials of the table in order, and the one that is highlighted. */
  readonly trials: readonly number[];
  readonly highlighted: number | undefined;
  readonly highlightedRuns: boolean;
  readonly favourites: ReadonlySet<number>;
  readonly paused: boolean;
  /** No search runs it, or none that is not ending. */
  readonly ended: boolean;
  /** Someone else's search is watched: leaving does not end it. */
  readonly watching: boolean;
  /** Lines of a page of the table, and the furthest that the view can be scrolled. */
  readonly page: number;
  readonly furthest: number;
}

export type Command =
  | 'quit'
  | 'stop'
  | 'pause'
  | 'axis'
  | 'up'
  | 'down'
  | 'pageUp'
  | 'pageDown'
  | 'first'
  | 'last'
  | 'open'
  | 'table'
  | 'sort'
  | 'reverse'
  | 'help'
  | 'back'
  | 'next'
  | 'previous'
  | 'favourite'
  | 'redraw'
  | 'suspend'
  | { readonly type: 'view'; readonly view: ViewName }
  | { readonly type: 'select'; readonly trial: number }
  | { readonly type: 'sortBy'; readonly column: SortColumn }
  | { readonly type: 'ask'; readonly kind: PromptKind }
  | { readonly type: 'type'; readonly text: string }
  | { readonly type: 'erase'; readonly all: boolean }
  | { readonly type: 'notice'; readonly text: string };

/** What a command asks of the world outside the screen. */
export type Effect =
  | { readonly type: 'quit' }
  | { readonly type: 'redraw' }
  | { readonly type: 'suspend' }
  | { readonly type: 'steer'; readonly command: StudyCommand }
  | { readonly type: 'export'; readonly trial: number; readonly folder: string };

export interface Reduced {
  readonly ui: UiState;
  readonly effect?: Effect;
}

export function reduceUi(ui: UiState, command: Command, scene: Scene): Reduced {
  return typeof command === 'string' ? reduceKey(ui, command, scene) : { ...reduceChoice(ui, command, scene) };
}

function reduceKey(ui: UiState, command: Extract<Command, string>, scene: Scene): Reduced {
  switch (command) {
    case 'quit':
      return { ui: scene.watching || scene.ended ? ui : { ...ui, stopping: true, prompt: undefined }, effect: { type: 'quit' } };
    case 'stop':
      return scene.watching ? { ui: ask(ui, 'stop', scene) } : reduceKey(ui, 'quit', scene);
    case 'pause':
      if (ui.stopping || scene.ended) return { ui };
      return { ui, effect: { type: 'steer', command: { type: scene.paused ? 'resume' : 'pause' } } };
    case 'axis':
      return { ui: { ...ui, axis: ui.axis + 1 } };
    case 'up':
    case 'down':
      return { ui: move(ui, scene, command === 'up' ? -1 : 1) };
    case 'pageUp':
    case 'pageDown':
      return { ui: move(ui, scene, (command === 'pageUp' ? -1 : 1) * Math.max(1, scene.page - 1)) };
    case 'first':
    case 'last':
      return { ui: move(ui, scene, command === 'first' ? -Infinity : Infinity) };
    case 'open':
      return { ui: chosen(ui, scene) === undefined ? ui : { ...show(ui, 'trial'), selected: chosen(ui, scene) } };
    case 'table':
      return { ui: { ...ui, table: ui.table === 'front' ? 'all' : 'front' } };
    case 'sort':
      return { ui: { ...ui, sort: nextSort(ui.sort) } };
    case 'reverse':
      return { ui: { ...ui, sort: { ...ui.sort, descending: !ui.sort.descending } } };
    case 'help':
      return { ui: { ...ui, help: !ui.help } };
    case 'back':
      return { ui: back(ui) };
    case 'next':
    case 'previous':
      return { ui: show(ui, beside(ui.view, command === 'next' ? 1 : -1)) };
    case 'favourite':
      return favourite(ui, scene);
    case 'redraw':
    case 'suspend':
      return { ui, effect: { type: command } };
    default:
      return command satisfies never;
  }
}

function reduceChoice(ui: UiState, command: Exclude<Command, string>, scene: Scene): Reduced {
  switch (command.type) {
    case 'view':
      return { ui: show(ui, command.view) };
    case 'select':
      return { ui: { ...ui, selected: command.trial } };
    case 'sortBy': {
      const descending = ui.sort.column === command.column ? !ui.sort.descending : true;
      return { ui: { ...ui, sort: { column: command.column, descending } } };
    }
    case 'ask':
      return { ui: ask(ui, command.kind, scene) };
    case 'type':
      return { ui: edit(ui, (text) => text + command.text) };
    case 'erase':
      return { ui: edit(ui, (text) => (command.all ? '' : Array.from(text).slice(0, -1).join(''))) };
    case 'notice':
      return { ui: { ...ui, notice: command.text } };
    default:
      return command satisfies never;
  }
}

/** While something is typed, its own keys come first. */
export function reducePrompt(ui: UiState, command: 'submit' | 'cancel'): Reduced {
  const { prompt } = ui;
  if (!prompt) return { ui };
  if (command === 'cancel')
    return { ui: { ...ui, prompt: undefined, ...(prompt.kind === 'filter' ? { filter: '', scroll: 0 } : {}) } };
  const answer = submit(prompt);
  if ('problem' in answer) return { ui: { ...ui, prompt: { ...prompt, problem: answer.problem } } };
  const notice = answer.effect?.type === 'export' ? `Exporting trial ${prompt.trial}: its file is measured again …` : '';
  return { ui: { ...ui, prompt: undefined, notice }, ...(answer.effect ? { effect: answer.effect } : {}) };
}

const show = (ui: UiState, view: ViewName): UiState => ({ ...ui, view, scroll: 0, help: false });

const beside = (view: ViewName, by: number): ViewName => views[(views.indexOf(view) + by + views.length) % views.length]!;

/** Keys may come faster than the screen is drawn. */
const chosen = (ui: UiState, { highlighted }: Scene): number | undefined => ui.selected ?? highlighted;

/** Takes back one thing at a time: the help, the filter, the view, the choice of a trial. */
function back(ui: UiState): UiState {
  if (ui.help) return { ...ui, help: false };
  if (ui.filter !== '' && (ui.view === 'trials' || ui.view === 'events')) return { ...ui, filter: '', scroll: 0 };
  if (ui.view !== 'overview') return show(ui, 'overview');
  return { ...ui, selected: undefined };
}

/** Lists move their highlight, texts scroll; the events are read from the newest up. */
function move(ui: UiState, scene: Scene, by: number): UiState {
  if (ui.view === 'overview' || ui.view === 'trials') return { ...ui, selected: step(ui, scene, by) };
  const towards = ui.view === 'events' ? -by : by;
  return { ...ui, scroll: Math.min(scene.furthest, Math.max(0, ui.scroll + towards)) };
}

function step(ui: UiState, scene: Scene, by: number): number | undefined {
  const { trials } = scene;
  const from = chosen(ui, scene);
  const at = from === undefined ? -1 : trials.indexOf(from);
  if (at < 0) return trials[0];
  return trials[Math.min(trials.length - 1, Math.max(0, at + by))];
}

function favourite(ui: UiState, scene: Scene): Reduced {
  const trial = chosen(ui, scene);
  if (trial === undefined) return { ui };
  const command = { type: 'favourite', trial, favourite: !scene.favourites.has(trial) } as const;
  return { ui, effect: { type: 'steer', command } };
}

/** What cannot be asked now is said instead. */
function ask(ui: UiState, kind: PromptKind, scene: Scene): UiState {
  const { highlightedRuns, ended } = scene;
  const trial = chosen(ui, scene);
  const needsSearch = kind !== 'filter' && kind !== 'export';
  if (needsSearch && (ended || ui.stopping)) return { ...ui, notice: 'No search runs that could do this.' };
  if (kind === 'stop-trial' && !highlightedRuns) return { ...ui, notice: 'Select a trial that runs (2 shows all of them).' };
  if (kind === 'export' && trial === undefined) return { ...ui, notice: 'Select a trial first.' };
  const text = { filter: ui.filter, 'add-trials': '10', time: '', export: `model-${trial}`, 'stop-trial': '', stop: '' }[kind];
  const view = kind === 'filter' && ui.view !== 'events' ? 'trials' : ui.view;
  return { ...ui, view, help: false, notice: '', prompt: { kind, text, problem: '', trial: trial ?? 0 } };
}

/** A filter works while it is typed. */
function edit(ui: UiState, change: (text: string) => string): UiState {
  if (!ui.prompt) return ui;
  const text = change(ui.prompt.text);
  const prompt = { ...ui.prompt, text, problem: '' };
  return { ...ui, prompt, ...(prompt.kind === 'filter' ? { filter: text, scroll: 0 } : {}) };
}
