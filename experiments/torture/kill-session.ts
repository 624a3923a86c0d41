import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { childrenOf } from './processes.ts';

export const targets = ['orchestrator', 'host', 'both'] as const;
export type Target = (typeof targets)[number];

/** When: so long after the start, or after the `count`-th event of this type since the kill was planned. */
export interface Kill {
  readonly target: Target;
  readonly afterMs: number;
  readonly event?: string;
  readonly count?: number;
}

export interface Arm {
  readonly name: string;
  readonly args: readonly string[];
}

export const arms: readonly Arm[] = [
  { name: 'plain', args: ['--trials', '14'] },
  { name: 'asha', args: ['--trials', '14', '--scheduler', 'asha', '--rungs', '0.125,0.25', '--eta', '2'] },
];

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

const main = fileURLToPath(new URL('../../dist/bin/nas.js', import.meta.url));

/** One run of `nas search` in a folder. */
export class Session {
  readonly folder: string;
  readonly ended: Promise<End>;
  readonly #child: ChildProcess;
  #over = false;
  readonly #listeners = new Set<(type: string) => void>();

  constructor(folder: string, { args }: Arm, workers: number) {
    this.folder = folder;
    const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') };
    const command = [main, 'search', '--space', 'kills.yaml', '--json', '--workers', `${workers}`, ...args];
    this.#child = spawn(process.execPath, command, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        this.#over = true;
        resolve({ code, signal, stderr });
      });
    });
  }

  /** Waits for the moment and kills; false where the session was over before it. */
  async kill({ target, event, count, afterMs }: Kill): Promise<boolean> {
    if (event !== undefined) await Promise.race([this.#heard(event, count ?? 1), this.ended]);
    await Promise.race([sleep(afterMs), this.ended]);
    if (this.#over) return false;
    const hosts = target === 'orchestrator' ? [] : childrenOf(this.#child.pid!, 'pool/host');
    if (target === 'host' && hosts.length === 0) return false;
    for (const host of hosts) killIfAlive(host);
    return target === 'host' || this.#child.kill('SIGKILL');
  }

  #hear(text: string): void {
    for (const [, type] of text.matchAll(/"type":"(\w+)"/g)) for (const listener of this.#listeners) listener(type!);
  }

  #heard(event: string, count: number): Promise<void> {
    return new Promise((resolve) => {
      let left = count;
      const listener = (type: string) => {
        if (type !== event || --left > 0) return;
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
  }
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended just now.
  }
}
