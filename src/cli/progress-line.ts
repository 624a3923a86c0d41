import type { Progress } from '../core/trial.ts';
import { formatDuration, formatPercent } from '../dashboard/format.ts';

/** Lines about a stage come at most this often where there is no terminal. */
const everyMs = 5000;
/** A wait is told this often: on a terminal the line is written over. */
const waitMs = { terminal: 1000, elsewhere: 10_000 };

export interface ProgressLine {
  /** So much of the total is done in this stage; how long the rest takes is estimated. */
  show(stage: string, done: number, total: number): void;
  clear(): void;
}

/** One line on standard error that tells how far the work is: rewritten on a terminal, repeated now and then elsewhere. */
export function progressLine(stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  let current = { stage: '', startedAt: 0, shownAt: Number.NEGATIVE_INFINITY };
  return {
    show(stage, done, total) {
      const now = performance.now();
      if (stage !== current.stage) current = { stage, startedAt: now, shownAt: Number.NEGATIVE_INFINITY };
      if (!stream.isTTY && now - current.shownAt < everyMs) return;
      current = { ...current, shownAt: now };
      const left = done > 0 ? ((now - current.startedAt) / done) * (total - done) : undefined;
      const parts = [stage, total > 0 ? formatPercent(done / total, 0) : '', left ? `${formatDuration(left)} left` : ''];
      const text = parts.filter(Boolean).join('  ');
      stream.write(stream.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
    },
    clear() {
      if (stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}

/**
 * For work that does not tell how far it is: how long it has taken so far, until it is over. `say` shows a stage that does tell.
 */
export async function showWait<T>(
  what: string,
  wait: (say: (progress: Progress) => void) => Promise<T>,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<T> {
  const line = progressLine(stream);
  const startedAt = performance.now();
  const tick = () => {
    line.clear();
    stream.write(`${what}  ${formatDuration(performance.now() - startedAt)}${stream.isTTY ? '' : '\n'}`);
  };
  if (stream.isTTY) tick();
  const timer = setInterval(tick, stream.isTTY ? waitMs.terminal : waitMs.elsewhere);
  try {
    return await wait(({ stage, done, total }) => line.show(stage, done, total));
  } finally {
    clearInterval(timer);
    line.clear();
  }
}
