import { type ChildProcess, fork } from 'node:child_process';
import { entryBeside } from './entry.ts';
import { withLargePages } from './large-pages.ts';
import type { Death, FromHost, HostSettings, ToHost } from './messages.ts';
import type { Task } from './thread.ts';

/** What a host says while it lives. */
export type HostMessage = Exclude<FromHost, { type: 'dying' }>;

export interface HostListener {
  receive(message: HostMessage): void;
  /** The process is gone and says nothing more; `slots` where the trials that caused it are known. */
  died(death: Death, slots?: readonly number[]): void;
}

export interface HostProcess {
  run(task: Task): void;
  stop(): void;
  cancel(slot: number, trial: number): void;
  pause(paused: boolean): void;
  kill(): void;
  /** Settles when the process is gone. */
  readonly ended: Promise<void>;
}

/** Starts a trial host and has it prepare. */
export function startHost(settings: HostSettings, listener: HostListener): HostProcess {
  const entry = entryBeside('./host', import.meta.url);
  const child = fork(entry.path, {
    execArgv: [...entry.execArgv],
    env: withLargePages(),
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const output = keepTail(child);
  let lastWords: Extract<FromHost, { type: 'dying' }> | undefined;
  let spawnError: Error | undefined;
  child.on('message', (message: FromHost) => {
    if (message.type === 'dying') lastWords = message;
    else listener.receive(message);
  });
  child.on('error', (error) => {
    spawnError = error;
  });
  const ended = new Promise<void>((resolve) => {
    // `close`, not `exit`: by then its output has been read to the end.
    child.on('close', (code, signal) => {
      resolve();
      const death = lastWords?.death ?? { code: 'HOST_CRASHED', message: deathMessage(code, signal, spawnError, output()) };
      listener.died(death, lastWords?.slots);
    });
  });
  const send = (message: ToHost) => {
    if (child.connected) child.send(message, () => {}); // an error means that it is ending, and `close` will tell
  };
  send({ type: 'prepare', settings });
  return {
    run: (task) => send({ type: 'run', ...task }),
    stop: () => send({ type: 'stop' }),
    cancel: (slot, trial) => send({ type: 'cancel', slot, trial }),
    pause: (paused) => send({ type: 'pause', paused }),
    kill: () => child.kill('SIGKILL'),
    ended,
  };
}

const tailBytes = 4096;

/** Reads what the process prints, which must not reach the terminal, and keeps the end of it for crash messages. */
function keepTail(child: ChildProcess): () => string {
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-tailBytes);
    });
  }
  return () => tail.trim();
}

function deathMessage(code: number | null, signal: NodeJS.Signals | null, error: Error | undefined, output: string): string {
  if (error) return `the trial host could not be run: ${error.message}`;
  const how = signal ? `was ended by ${signal}` : `exited with code ${code}`;
  const guess = signal === 'SIGKILL' ? ' (often the system, when memory runs out)' : '';
  return `the trial host ${how}${guess}.${output ? ` Its last output:\n${output}` : ''}`;
}
