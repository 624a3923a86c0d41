import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Net } from './net.ts';

/** Processes with one thread each that train the same network at the same time, as the workers of a search do. */
export interface Workers {
  /** Milliseconds until `count` of them have each made `steps` steps. */
  run(count: number, steps: number): Promise<number>;
  close(): void;
}

export async function startWorkers(net: Net, lowering: string, count: number): Promise<Workers> {
  const script = fileURLToPath(new URL('./worker.ts', import.meta.url));
  const start = async (): Promise<ChildProcess> => {
    const child = fork(script, [JSON.stringify([net, lowering])], { execArgv: ['--import', 'tsx'] });
    await once(child, 'message');
    return child;
  };
  const children = await Promise.all(Array.from({ length: count }, start));
  return {
    async run(workers, steps) {
      const startedAt = performance.now();
      await Promise.all(
        children.slice(0, workers).map((child) => {
          child.send(steps);
          return once(child, 'message');
        }),
      );
      return performance.now() - startedAt;
    },
    close: () => {
      for (const child of children) child.disconnect();
    },
  };
}
