import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import xterm from '@xterm/headless';
import { afterEach, describe, expect, it, vi } from 'vitest';
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
function mount(columns = 80, rows = 24) {
  const emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  emulator.write('$ nas search\r\n');
  const terminal = fakeTerminal(columns, rows, (text) => emulator.write(text));
  const actions = { pause: vi.fn(), resume: vi.fn(), stop: vi.fn(), leaveNow: vi.fn() };
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
    network: { catalog: simulatedCatalog, planOf: simulatedPlan },
    actions,
    stdout: terminal.stdout,
    stdin: terminal.stdin,
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
  return { dashboard, terminal, actions, lines, sees, send, resize, screen: () => buffer().type };
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
    expect(lines()[23]).toMatch(/^ q quit {2}p pause {2}\? help/);
    resize(130, 40);
    await soon(() => expect(lines()[39]).toMatch(/^ q quit/));
    resize(60, 18);
    await soon(() => expect(lines()[17]).toMatch(/^ q quit/));
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
    expect(actions.pause).toHaveBeenCalledOnce();
    expect(actions.resume).toHaveBeenCalledOnce();
    terminal.type('q');
    await sees(/q again leaves now/);
    expect(actions.stop).toHaveBeenCalledOnce();
    expect(actions.leaveNow).not.toHaveBeenCalled();
    terminal.type('\x03');
    await dashboard.done;
    expect(actions.leaveNow).toHaveBeenCalledOnce();
    await soon(() => expect(screen()).toBe('normal'));
  });

  it('leaves at the first q when the search has ended', async () => {
    const { dashboard, send, sees, terminal, actions } = mount();
    send(all);
    await sees(/ended: q leaves/);
    terminal.type('q');
    await dashboard.done;
    expect(actions.stop).not.toHaveBeenCalled();
    expect(actions.leaveNow).not.toHaveBeenCalled();
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
