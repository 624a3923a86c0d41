import { describe, expect, it } from 'vitest';
import { type Command, commandsOf, initialUi, reduceUi, type UiState } from '../../src/dashboard/ui-state.ts';

const noKey = { upArrow: false, downArrow: false, return: false, escape: false, ctrl: false };
const listed = { trials: [0, 7, 3], highlighted: 7 };
const after = (commands: Command[], from: UiState = initialUi) =>
  commands.reduce((ui, command) => reduceUi(ui, command, { ...listed, highlighted: ui.selected ?? listed.highlighted }), from);

describe('keys', () => {
  it.each<[string, Partial<typeof noKey>, Command[]]>([
    ['q', {}, ['quit']],
    ['c', { ctrl: true }, ['quit']],
    ['l', { ctrl: true }, ['redraw']],
    ['q', { ctrl: true }, []],
    ['p', {}, ['pause']],
    ['x', {}, ['axis']],
    ['', { upArrow: true }, ['up']],
    ['k', {}, ['up']],
    ['', { downArrow: true }, ['down']],
    ['j', {}, ['down']],
    ['\r', { return: true }, ['detail']],
    ['', { escape: true }, ['back']],
    ['t', {}, ['table']],
    ['?', {}, ['help']],
    ['z', {}, []],
    ['constructor', { ctrl: true }, []],
    ['qz?', {}, ['quit', 'help']],
  ])('%j %j means %j', (input, key, expected) => expect(commandsOf(input, { ...noKey, ...key })).toEqual(expected));
});

describe('what the keys change', () => {
  it.each<[Command[], Partial<UiState>]>([
    [['down'], { selected: 3 }],
    [['down', 'down'], { selected: 3 }],
    [['up'], { selected: 0 }],
    [['up', 'up', 'down'], { selected: 7 }],
    [['pause'], { paused: true }],
    [['pause', 'pause'], { paused: false }],
    [['pause', 'quit'], { paused: false, stopping: true }],
    [['quit', 'pause'], { paused: false, stopping: true }],
    [['detail', 'back'], { detail: false }],
    [['down', 'back'], { selected: undefined }],
    [['help', 'detail'], { help: false, detail: true }],
    [['detail', 'table'], { table: 'all', detail: false }],
    [['table', 'table'], { table: 'front' }],
    [['axis', 'axis'], { axis: 2 }],
  ])('%j', (commands, expected) => expect(after(commands)).toMatchObject(expected));

  it('selects nothing in an empty table, and the first where the highlighted one has left it', () => {
    expect(reduceUi(initialUi, 'down', { trials: [], highlighted: undefined }).selected).toBeUndefined();
    expect(reduceUi(initialUi, 'down', { trials: [4, 5], highlighted: 99 }).selected).toBe(4);
  });
});
