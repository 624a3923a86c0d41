import { formatDuration, formatPercent } from '../dashboard/format.ts';

/** Lines about a stage come at most this often where there is no terminal. */
const everyMs = 5000;

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
