import type { Finished, Prepared, Task } from './thread.ts';

/**
 * What piscina calls in a worker thread. It loads this file with `require` where Node can, and a module that came in
 * by `require` under a TypeScript loader has classes of its own: so everything else is imported from here on.
 */

export async function prepare(): Promise<Prepared> {
  return (await import('./thread.ts')).prepare();
}

export async function run(task: Task): Promise<Finished> {
  return (await import('./thread.ts')).run(task);
}
