import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Question {
  readonly model: string;
  readonly images: string;
  readonly labels: string;
  /** Of an image: [H, W, C]. */
  readonly shape: readonly number[];
}

export interface Answer {
  /** By XNNPACK's kernels. */
  readonly accuracy: number;
  /** Share of the first images, `compared` of them, to which the reference kernels give the same class. */
  readonly agreement: number;
  readonly compared: number;
  /** An image on one thread: median, and the middle half. */
  readonly ms: readonly [number, number, number];
}

export interface Interpreter {
  readonly version: string;
  ask(question: Question): Promise<Answer>;
  close(): void;
}

/** Starts run_tflite.py; undefined where Python or TensorFlow is missing. */
export async function startInterpreter(python: string): Promise<Interpreter | undefined> {
  const script = fileURLToPath(new URL('./run_tflite.py', import.meta.url));
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'ignore'] });
  const missing = new Promise<undefined>((resolve) => child.once('error', () => resolve(undefined)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>() => {
    const line = await lines.next();
    return line.done ? undefined : (JSON.parse(line.value) as T);
  };
  const begun = await Promise.race([answer<{ version: string }>(), missing]);
  if (!begun) return undefined;
  return {
    ...begun,
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const found = await answer<Answer>();
      if (!found) throw new Error('TensorFlow ended before its work was done');
      return found;
    },
    close: () => child.stdin.end(),
  };
}
