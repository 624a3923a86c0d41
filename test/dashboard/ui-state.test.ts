import { describe, expect, it } from 'vitest';
import { commandsOf, type Key, pressed } from '../../src/dashboard/keys.ts';
import { type Effect, initialUi, type Scene, type UiState } from '../../src/dashboard/ui-state.ts';

const noKey: Key = {
  upArrow: false,
  downArrow: false,
  pageUp: false,
  pageDown: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  tab: false,
  shift: false,
  backspace: false,
  delete: false,
  ctrl: false,
};

const scene: Scene = {
  trials: [0, 7, 3],
  highlighted: 7,
  highlightedRuns: true,
  favourites: new Set([3]),
  paused: false,
  ended: false,
  watching: false,
  page: 10,
  furthest: 5,
};

const named: Readonly<Record<string, Partial<Key>>> = {
  up: { upArrow: true },
  down: { downArrow: true },
  pageDown: { pageDown: true },
  enter: { return: true },
  esc: { escape: true },
  tab: { tab: true },
  back: { backspace: true },
};

/** Presses keys one after another, names like `up` or letters, and returns what they left and asked for. */
function pressing(keys: readonly string[], around: Partial<Scene> = {}): { ui: UiState; effects: Effect[] } {
  let ui = initialUi;
  const effects: Effect[] = [];
  for (const key of keys) {
    const now = { ...scene, highlighted: ui.selected ?? scene.highlighted, ...around };
    for (const step of pressed(ui, now, key in named ? '' : key, { ...noKey, ...named[key] })) {
      ui = step.ui;
      if (step.effect) effects.push(step.effect);
    }
  }
  return { ui, effects };
}

describe('keys', () => {
  it.each<[string, Partial<Key>, unknown[]]>([
    ['q', {}, ['quit']],
    ['c', { ctrl: true }, ['quit']],
    ['l', { ctrl: true }, ['redraw']],
    ['z', { ctrl: true }, ['suspend']],
    ['q', { ctrl: true }, []],
    ['2', {}, [{ type: 'view', view: 'trials' }]],
    ['', { tab: true }, ['next']],
    ['', { tab: true, shift: true }, ['previous']],
    ['', { upArrow: true }, ['up']],
    ['j', {}, ['down']],
    ['\r', { return: true }, ['open']],
    ['z', {}, []],
    ['constructor', { ctrl: true }, []],
    ['qz?', {}, ['quit', 'help']],
  ])('%j %j means %j', (input, key, expected) => expect(commandsOf(input, { ...noKey, ...key })).toEqual(expected));
});

describe('what the keys change', () => {
  it.each<[string[], Partial<UiState>]>([
    [['down'], { selected: 3 }],
    [['down', 'down'], { selected: 3 }],
    [['up', 'up', 'down'], { selected: 7 }],
    [['G'], { selected: 3 }],
    [['pageDown', 'g'], { selected: 0 }],
    [['down', 'esc'], { selected: undefined }],
    [['tab'], { view: 'trials' }],
    [['5', 'tab'], { view: 'overview' }],
    [['down', 'enter'], { view: 'trial', selected: 3 }],
    [['4', 'down', 'down'], { view: 'layers', scroll: 2 }],
    [['4', 'G'], { scroll: 5 }],
    [['5', 'up', '3'], { view: 'trial', scroll: 0 }],
    [['3', 'esc'], { view: 'overview' }],
    [['?', 'esc'], { help: false, view: 'overview' }],
    [['t', 't'], { table: 'front' }],
    [['x', 'x'], { axis: 2 }],
    [['2', 'o'], { sort: { column: 'accuracy', descending: true } }],
    [['2', 'o', 'o', 'O'], { sort: { column: 'size', descending: true } }],
    [['/', 'size<50k', 'enter'], { view: 'trials', filter: 'size<50k', prompt: undefined }],
    [['/', 'abc', 'back', 'back'], { filter: 'a' }],
    [['/', 'abc', 'esc'], { filter: '', prompt: undefined }],
    [['/', 'x', 'enter', 'esc'], { filter: '', view: 'trials' }],
    [['q'], { stopping: true }],
  ])('%j', (keys, expected) => expect(pressing(keys).ui).toMatchObject(expected));

  it('selects nothing in an empty table, and the first where the highlighted one has left it', () => {
    expect(pressing(['down'], { trials: [], highlighted: undefined }).ui.selected).toBeUndefined();
    expect(pressing(['down'], { trials: [4, 5], highlighted: 99 }).ui.selected).toBe(4);
  });
});

describe('what the keys ask of the study', () => {
  it.each<[string[], Partial<Scene>, Effect[]]>([
    [['p'], {}, [{ type: 'steer', command: { type: 'pause' } }]],
    [['p'], { paused: true }, [{ type: 'steer', command: { type: 'resume' } }]],
    [['p'], { ended: true }, []],
    [['f'], {}, [{ type: 'steer', command: { type: 'favourite', trial: 7, favourite: true } }]],
    [['down', 'f'], {}, [{ type: 'steer', command: { type: 'favourite', trial: 3, favourite: false } }]],
    [['s', 'enter'], {}, [{ type: 'steer', command: { type: 'stop-trial', trial: 7 } }]],
    [['s', 'esc'], {}, []],
    [['s', 'q', 'enter'], {}, [{ type: 'steer', command: { type: 'stop-trial', trial: 7 } }]],
    [['s', 'enter'], { highlightedRuns: false }, []],
    [['a', '5', 'enter'], {}, [{ type: 'steer', command: { type: 'add-trials', trials: 105 } }]],
    [['a\r'], {}, [{ type: 'steer', command: { type: 'add-trials', trials: 10 } }]],
    [['a', 'x', 'enter'], {}, []],
    [['b', '15m', 'enter'], {}, [{ type: 'steer', command: { type: 'time', seconds: 900 } }]],
    [['b', 'none', 'enter'], {}, [{ type: 'steer', command: { type: 'time', seconds: null } }]],
    [['b', 'soon', 'enter'], {}, []],
    [['e', 'enter'], { ended: true }, [{ type: 'export', trial: 7, folder: 'model-7' }]],
    [['q'], {}, [{ type: 'quit' }]],
    [['Q', 'enter'], { watching: true }, [{ type: 'steer', command: { type: 'stop' } }]],
    [['Q', 'enter'], { watching: true, ended: true }, []],
  ])('%j in %j', (keys, around, effects) => expect(pressing(keys, around).effects).toEqual(effects));

  it('says why it asks nothing', () => {
    expect(pressing(['a', 'x', 'enter']).ui.prompt?.problem).toMatch(/whole number/);
    expect(pressing(['s'], { highlightedRuns: false }).ui.notice).toMatch(/Select a trial that runs/);
    expect(pressing(['a'], { ended: true }).ui.notice).toMatch(/No search runs/);
  });

  it('leaves a watched search alone', () => expect(pressing(['q'], { watching: true }).ui.stopping).toBe(false));
});
