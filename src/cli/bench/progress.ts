import { formatDuration } from '../../dashboard/format.ts';
import type { BenchProgress } from './run.ts';

/** One line on standard error, written over and over; nothing where that is no terminal. */
export function openProgress(): { readonly report: (progress: BenchProgress) => void; close(): void } {
  if (!process.stderr.isTTY) return { report: () => undefined, close: () => undefined };
  const startedAt = performance.now();
  let lastAt = Number.NEGATIVE_INFINITY;
  return {
    report({ done, total, problem, searcher }) {
      const now = performance.now();
      if (now - lastAt < 100) return;
      lastAt = now;
      const left = done === 0 ? '' : `, ${formatDuration(((now - startedAt) / done) * (total - done))} left`;
      process.stderr.write(`\r\u001b[K${((100 * done) / total).toFixed(0)} %  ${problem}, ${searcher}${left}`);
    },
    close: () => void process.stderr.write('\r\u001b[K'),
  };
}
