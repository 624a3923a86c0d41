import { formatDuration } from '../../dashboard/format.ts';
import type { BenchProgress } from './run.ts';

/** Milliseconds between two reports: a terminal's one line is written over, elsewhere each is a line more. */
const everyMs = { terminal: 100, elsewhere: 10_000 };

/** How far the bench is, on standard error. */
export function openProgress(stream: NodeJS.WriteStream = process.stderr): {
  readonly report: (progress: BenchProgress) => void;
  readonly close: () => void;
} {
  const every = stream.isTTY ? everyMs.terminal : everyMs.elsewhere;
  const startedAt = performance.now();
  let lastAt = stream.isTTY ? Number.NEGATIVE_INFINITY : startedAt;
  return {
    report({ done, total, problem, searcher }) {
      const now = performance.now();
      if (now - lastAt < every) return;
      lastAt = now;
      const left = done === 0 ? '' : `, ${formatDuration(((now - startedAt) / done) * (total - done))} left`;
      const text = `${((100 * done) / total).toFixed(0)} %  ${problem}, ${searcher}${left}`;
      stream.write(stream.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
    },
    close: () => void (stream.isTTY && stream.write('\r\u001b[K')),
  };
}
