import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A command on a pseudo-terminal of its own (by `script` of util-linux), and what it costs. */
export interface Started {
  /** Resolves when the terminal has shown this, with the time since the start. */
  readonly until: (text: string) => Promise<Spent>;
  type(keys: string): void;
  /** Share of one core that the command itself takes over the next seconds, without its children. */
  readonly share: (seconds: number) => Promise<number>;
  readonly kill: () => Promise<void>;
}

export interface Spent {
  readonly wallMs: number;
  /** Of the command itself: what it would take on a machine that does nothing else, disks apart. NaN where it has ended by then. */
  readonly cpuMs: number;
}

export function startOnTerminal(command: readonly string[], size: { columns: number; rows: number }, cwd: string): Started {
  const line = `stty cols ${size.columns} rows ${size.rows}; exec ${command.map((word) => `'${word}'`).join(' ')}`;
  const env = { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8', COLORTERM: 'truecolor' };
  const startedAt = performance.now();
  const child = spawn('script', ['-qfec', line, '/dev/null'], { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  const waiting: { readonly text: string; readonly resolve: (spent: Spent) => void }[] = [];
  const spent = (): Spent => ({ wallMs: performance.now() - startedAt, cpuMs: 1000 * cpuSecondsOf(child) });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown = (shown + text).slice(-200_000);
    for (const [i, { text: wanted, resolve }] of [...waiting.entries()].toReversed()) {
      if (!shown.includes(wanted)) continue;
      resolve(spent());
      waiting.splice(i, 1);
    }
  });
  return {
    until: (text) =>
      new Promise((resolve) => {
        if (shown.includes(text)) resolve(spent());
        else waiting.push({ text, resolve });
      }),
    type: (keys) => void child.stdin.write(keys),
    share: (seconds) => shareOf(nodeBelow(child), seconds),
    kill: () => kill(child),
  };
}

/** NaN for a command that has ended. */
function cpuSecondsOf(child: ChildProcess): number {
  try {
    return cpuSeconds(nodeBelow(child));
  } catch {
    return Number.NaN;
  }
}

async function shareOf(pid: number, seconds: number): Promise<number> {
  const [before, at] = [cpuSeconds(pid), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return (cpuSeconds(pid) - before) / ((performance.now() - at) / 1000);
}

const ticksPerSecond = 100; // USER_HZ, the same on all of today's Linux

/** User and system time of a process with all its threads. */
function cpuSeconds(pid: number): number {
  const fields = statOf(pid).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** What follows the name of the command in /proc/PID/stat. */
const statOf = (pid: number) => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2);
};

/** The first descendant: what the shell became. */
function nodeBelow({ pid }: ChildProcess): number {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      parents.set(Number(entry), Number(statOf(Number(entry)).split(' ')[1]));
    } catch {
      // It has ended since.
    }
  }
  const child = [...parents].find(([, parent]) => parent === pid)?.[0];
  if (child === undefined) throw new Error('the command has ended');
  return child;
}

function kill(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on('close', () => resolve());
    if (child.exitCode !== null) return resolve();
    try {
      process.kill(nodeBelow(child), 'SIGTERM');
    } catch {
      // It has ended by itself.
    }
  });
}
