// Loaded into `nas search` by --import: the longest time for which its event loop, and so its screen, stood still.
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

if (process.argv[1]?.endsWith('nas.js') && process.env.LOOP_DELAY_FILE) {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  // What Node does before the command runs (loading modules) is no screen yet.
  setTimeout(() => delay.enable(), 1000).unref();
  process.on('exit', () =>
    writeFileSync(process.env.LOOP_DELAY_FILE, JSON.stringify({ maxMs: delay.max / 1e6, p99Ms: delay.percentile(99) / 1e6 })),
  );
}
