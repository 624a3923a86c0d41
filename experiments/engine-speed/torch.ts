import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Net, StepTimes } from './net.ts';

export const layouts = ['nchw', 'channels_last'] as const;

export type Layout = (typeof layouts)[number];

export interface Torch {
  readonly version: string;
  /** Vector instructions that it uses. */
  readonly capability: string;
  readonly gpu: string | null;
  /** `net` may have more for run_torch.py: a width, a device. */
  run(net: Net, layout: Layout, threads: number, steps: number): Promise<StepTimes & { readonly parameters: number }>;
  close(): void;
}

/** Starts run_torch.py, which lives until `close`; undefined where Python or PyTorch is missing. */
export async function startTorch(python: string, environment: NodeJS.ProcessEnv): Promise<Torch | undefined> {
  const script = fileURLToPath(new URL('./run_torch.py', import.meta.url));
  const child = spawn(python, [script], { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  const missing = new Promise<undefined>((resolve) => child.once('error', () => resolve(undefined)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T | undefined> => {
    const line = await lines.next();
    return line.done ? undefined : (JSON.parse(line.value) as T);
  };
  const facts = await Promise.race([answer<Pick<Torch, 'version' | 'capability' | 'gpu'>>(), missing]);
  if (!facts) return undefined;
  return {
    ...facts,
    async run(net, layout, threads, steps) {
      child.stdin.write(`${JSON.stringify({ ...net, layout, threads, steps })}\n`);
      const times = await answer<StepTimes & { parameters: number }>();
      if (!times) throw new Error('PyTorch ended before its work was done');
      return times;
    },
    close: () => child.stdin.end(),
  };
}
