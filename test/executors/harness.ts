import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Candidate, Plan } from '../../src/core/candidate.ts';
import type { Executor } from '../../src/core/executor.ts';
import type { Outcome, Progress } from '../../src/core/trial.ts';
import type { PoolOptions } from '../../src/executors/index.ts';
import { onCleanup } from '../fixtures/cleanup.ts';
import { builtFrom } from './built.ts';

export const fixture = new URL('../fixtures/trial-module.ts', import.meta.url);
export const planOf = (candidate: Candidate): Plan => ({ recipe: candidate, techniques: {} });

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-test-'));
  onCleanup(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

type Options = Partial<PoolOptions> & { readonly prepare?: string };

/** A pool of the built code on the built fixture, closed after the test. */
export async function createPool({ prepare = 'well', ...options }: Options): Promise<Executor & { readonly folder: string }> {
  const executors = builtFrom(new URL('../../src/executors/index.ts', import.meta.url));
  const { createPoolExecutor } = (await import(executors.href)) as typeof import('../../src/executors/index.ts');
  const folder = temporaryFolder();
  const executor = createPoolExecutor({ slots: 2, setup: { folder, prepare }, planOf, module: builtFrom(fixture), ...options });
  onCleanup(() => executor.close());
  return Object.assign(executor, { folder });
}

interface Opened {
  readonly executor: Executor;
  readonly facts: { readonly pid: number };
  readonly folder: string;
  readonly warnings: string[];
}

/** The same, open. */
export async function openPool(options: Options = {}): Promise<Opened> {
  const warnings: string[] = [];
  const executor = await createPool({ warn: (message) => warnings.push(message), ...options });
  const facts = (await executor.open(() => {})) as { pid: number };
  return { executor, facts, folder: executor.folder, warnings };
}

interface Watched {
  readonly outcome: Promise<Outcome>;
  /** Resolves at the first progress of the trial. */
  readonly moving: Promise<void>;
  readonly starts: { readonly worker: number; readonly attempt: number }[];
  readonly progress: Progress[];
}

/** Runs one trial and keeps what the listener hears; `log` gets it as `start 0`, `progress 0`. */
export function watch(executor: Executor, trial: number, candidate: Candidate, log?: (event: string) => void): Watched {
  const starts: { worker: number; attempt: number }[] = [];
  const progress: Progress[] = [];
  let move = () => {};
  const moving = new Promise<void>((resolve) => {
    move = resolve;
  });
  const outcome = executor.run(
    { trial, attempt: 0, candidate, seed: `test/${trial}` },
    {
      started: (worker, attempt) => {
        log?.(`start ${worker}`);
        starts.push({ worker, attempt });
      },
      progress: (worker, entry) => {
        log?.(`progress ${worker}`);
        progress.push(entry);
        move();
      },
    },
  );
  return { outcome, moving, starts, progress };
}

export const run = (executor: Executor, trial: number, candidate: Candidate) => watch(executor, trial, candidate).outcome;

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Looks again and again until it holds; the test's own time limit ends the wait. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
