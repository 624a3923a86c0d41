import { cpus, loadavg } from 'node:os';

export const machine = () => ({
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, node ${process.version}, load ${loadavg()[0]!.toFixed(1)}`,
});
