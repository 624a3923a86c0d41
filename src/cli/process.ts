import { type ChildProcess, fork } from 'node:child_process';
import { entryBeside } from '../executors/pool/entry.ts';

/** Starts a process whose entry lies at `name` relative to the importing file; what it prints to stdout is not shown. */
export function startProcess(name: string, importer: string, stderr: 'inherit' | 'ignore' = 'ignore'): ChildProcess {
  const entry = entryBeside(name, importer);
  return fork(entry.path, {
    execArgv: [...entry.execArgv],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', stderr, 'ipc'],
  });
}
