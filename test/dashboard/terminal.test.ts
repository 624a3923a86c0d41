import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import xterm from '@xterm/headless';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { StudyCommand } from '../../src/core/control.ts';
import type { LiveEvent } from '../../src/core/event.ts';
import { type Dashboard, mountDashboard, restoreTerminal } from '../../src/dashboard/mount.ts';
import {
  simulatedAnalysis,
  simulatedCatalog,
  simulatedEvents,
  simulatedGoal,
  simulatedPlan,
  simulatedRecord,
} from '../fixtures/simulated-events.ts';
import { fakeTerminal } from './fake-terminal.ts';

const all = simulatedEvents({ trials: 60 });
const firstHalf = all.filter(({ at }) => at <= 250_000);
const opened: Dashboard[] = [];
/** Long enough for a machine that does other things too. */
const soon = (check: () => void) => vi.waitFor(check, { timeout: 15_000 });
afterEach(() => {
  for (const dashboard of opened.splice(0)) dashboard.unmount();
});

/** The dashboard on a real terminal emulator. */
function mount(columns = 80, rows = 24, env: NodeJS.ProcessEnv = { LANG: 'C.UTF-8' }) {
  const emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  emulator.write('$ nas search\r\n');
  const terminal = fakeTerminal(columns, rows, (text) => emulator.write(text));
  const search = { stop: vi.fn(), leaveNow: vi.fn() };
  const steer = vi.fn((command: StudyCommand) => {
    if (command.type === 'pause' || command.type === 'resume')
      emit({ type: 'paused', at: clock, paused: command.type === 'pause' });
    return { done: true, message: '' };
  });
  const suspend = vi.fn();
  const actions = { search, steer, export: async () => ({ done: true, message: 'Exported.' }), suspend };
  let clock = 0;
  let emit: (event: LiveEvent) => void = () => {};
  const dashboard = mountDashboard({
    record: simulatedRecord,
    goal: simulatedGoal,
    budget: { trials: 60, workers: 2 },
    events(listener) {
      emit = listener;
      return () => {
        emit = () => {};
      };
    },
    analyse: simulatedAnalysis,
    network: async () => ({ catalog: simulatedCatalog, planOf: simulatedPlan }),
    actions,
    stdout: terminal.stdout,
    stdin: terminal.stdin,
    env,
    now: () => clock,
  });
  opened.push(dashboard);
  clock = 250_000;
  const buffer = () => emulator.buffer.active;
  const lines = () => Array.from({ length: emulator.rows }, (_, row) => buffer().getLine(row)!.translateToString(true));
  const sees = (expected: RegExp) => soon(() => expect(lines().join('\n')).toMatch(expected));
  const send = (events: readonly LiveEvent[]) => {
    for (const event of events) emit(event);
  };
  const resize = (columns: number, rows: number) => {
    emulator.resize(columns, rows);
    terminal.resize(columns, rows);
  };
  return { dashboard, terminal, actions, emulator, lines, sees, send, resize, screen: () => buffer().type };
}

describe('on a terminal', () => {
  it('draws every line where it belongs, also after updates and a change of size', async () => {
    const { send, sees, lines, resize } = mount();
    send(firstHalf.slice(0, 200));
    await sees(/training the baseline/);
    send(firstHalf.slice(200));
    await sees(/── front +[1-9]/);
    expect(lines()[0]).toMatch(/^ espalier fashion-resnet .* elapsed 4:\d\d ?$/);
    expect(lines().join('\n')).not.toContain('training the baseline');
    expect(lines()[23]).toMatch(/^ 1 overview .* q quit {2}\? help/);
    resize(130, 40);
    await soon(() => expect(lines()[39]).toMatch(/ q quit/));
    resize(60, 18);
    await soon(() => expect(lines()[17]).toMatch(/ q quit/));
    expect(lines().filter((line) => line.includes('q quit'))).toHaveLength(1);
  });

  it('writes only lines that changed', async () => {
    const { send, sees, terminal } = mount();
    send(firstHalf);
    await sees(/── front +[1-9]/);
    const before = terminal.written.length;
    send([{ type: 'log', at: 250_000, level: 'info', message: 'hello from the log' }]);
    await sees(/hello from the log/);
    const after = terminal.written.slice(before).join('');
    expect(after).not.toContain('espalier');
    expect(after.length).toBeLessThan(600);
  });

  it('uses the alternate screen, and gives the terminal back as it was', async () => {
    const { dashboard, send, sees, lines, screen, terminal } = mount();
    send(firstHalf);
    await sees(/── front +[1-9]/);
    expect(screen()).toBe('alternate');
    expect(terminal.raw()).toBe(true);
    dashboard.unmount();
    await dashboard.done;
    await soon(() => expect(screen()).toBe('normal'));
    expect(lines()[0]).toBe('$ nas search');
    expect(terminal.raw()).toBe(false);
    expect(terminal.written.at(-1)).toContain('\x1b[?25h');
    const writes = terminal.written.length;
    restoreTerminal();
    dashboard.unmount();
    expect(terminal.written).toHaveLength(writes);
  });

  it('pauses, goes on, stops, and leaves at the second q', async () => {
    const { dashboard, send, sees, terminal, actions, screen } = mount();
    send(firstHalf);
    await sees(/── front +[1-9]/);
    terminal.type('p');
    await sees(/paused/);
    terminal.type('p');
    expect(actions.steer.mock.calls).toEqual([[{ type: 'pause' }], [{ type: 'resume' }]]);
    terminal.type('q');
    await sees(/q again leaves now/);
    expect(actions.search.stop).toHaveBeenCalledOnce();
    expect(actions.search.leaveNow).not.toHaveBeenCalled();
    terminal.type('\x03');
    await dashboard.done;
    expect(actions.search.leaveNow).toHaveBeenCalledOnce();
    await soon(() => expect(screen()).toBe('normal'));
  });

  it('leaves at the first q when the search has ended', async () => {
    const { dashboard, send, sees, terminal, actions } = mount();
    send(all);
    await sees(/ended: q leaves/);
    terminal.type('q');
    await dashboard.done;
    expect(actions.search.stop).not.toHaveBeenCalled();
    expect(actions.search.leaveNow).not.toHaveBeenCalled();
  });
});

describe('with a mouse', () => {
  it('asks for its reports, and asks for none at the end', async () => {
    const { dashboard, emulator, sees, send } = mount();
    send(firstHalf);
    await sees(/── front/);
    expect(emulator.modes.mouseTrackingMode).toBe('vt200');
    dashboard.unmount();
    await dashboard.done;
    await soon(() => expect(emulator.modes.mouseTrackingMode).toBe('none'));
  });

  it('follows clicks on tabs, trials and titles, and the wheel', async () => {
    const { send, sees, terminal, lines } = mount(120, 40);
    send(firstHalf);
    await sees(/── front/);
    const place = (text: string) => {
      const row = lines().findIndex((line) => line.includes(text));
      return { row, column: lines()[row]!.indexOf(text) };
    };
    const click = (text: string) => {
      const { row, column } = place(text);
      terminal.type(`\x1b[<0;${column + 2};${row + 1}M\x1b[<0;${column + 2};${row + 1}m`);
    };
    click('2 trials');
    await sees(/── trials/);
    click('accuracy');
    await sees(/accuracy▼/);
    terminal.type('\x1b[<65;9;9M');
    await sees(/base +92\.47/);
    click('base ');
    await sees(/base +92\.47/);
    click('base ');
    await sees(/── baseline/);
    click('5 events');
    await sees(/── events/);
  });
});

describe('where the terminal can do less', () => {
  it.each([{ LANG: 'C' }, { TERM: 'linux', LANG: 'de_DE.UTF-8' }, {}])('writes ASCII only with %j', async (env) => {
    const { send, sees, terminal } = mount(80, 24, env);
    send(firstHalf);
    await sees(/-- front +[1-9]/);
    for (const key of ['2', '3', '4', '5', '?']) {
      terminal.type(key);
      await sees({ 2: /-- trials/, 3: /-- trial 1|-- baseline/, 4: /-- layers/, 5: /-- events/, '?': /-- keys/ }[key]!);
    }
    expect(terminal.written.join('')).toMatch(/^\p{ASCII}*$/u);
  });

  it('says how large a window has to be', async () => {
    const { sees, resize, send } = mount(30, 6);
    send(firstHalf);
    await sees(/at least 36 × 10/);
    resize(80, 24);
    await sees(/── front/);
  });

  it('stops as a shell asks for, on Ctrl-Z', async () => {
    const { sees, send, terminal, actions } = mount();
    send(firstHalf);
    await sees(/── front/);
    terminal.type('\x1a');
    await soon(() => expect(actions.suspend).toHaveBeenCalledOnce());
  });
});

describe('when the process ends', () => {
  const program = fileURLToPath(new URL('dashboard-in-a-pipe.ts', import.meta.url));

  /** Runs the program until the dashboard is there, ends it, and returns everything it wrote, in order. */
  function endOf(args: readonly string[], signal?: NodeJS.Signals): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
      let text = '';
      let told = false;
      const take = (chunk: Buffer) => {
        text += chunk.toString();
        if (signal && !told && text.includes('hypervolume')) told = child.kill(signal);
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.on('error', reject);
      child.on('close', () => resolve(text));
    });
  }
  const restored = '\x1b[?25h\x1b[?1049l';

  it('by a signal, the terminal is restored', async () => {
    const text = await endOf([], 'SIGTERM');
    expect(text.indexOf(restored)).toBeGreaterThan(text.indexOf('hypervolume'));
    expect(text.endsWith(restored)).toBe(true);
  });

  it('by an error, the terminal is restored before the message', async () => {
    const text = await endOf(['throw']);
    expect(text).toContain(restored);
    expect(text).toContain('a bug elsewhere');
  });
});
