import { type ChildProcess, fork } from 'node:child_process';
import { entryBeside } from '../executors/pool/entry.ts';
import { withLargePages } from '../executors/pool/large-pages.ts';

/** Starts a process whose entry lies at `name` relative to the importing file; what it prints to stdout is not shown. */
export function startProcess(name: string, importer: string, stderr: 'inherit' | 'ignore' = 'ignore'): ChildProcess {
  const entry = entryBeside(name, importer);
  return fork(entry.path, {
    execArgv: [...entry.execArgv],
    env: withLargePages(),
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', stderr, 'ipc'],
  });
}
