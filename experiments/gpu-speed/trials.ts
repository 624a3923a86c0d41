import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface TrialRate {
  readonly space: string;
  readonly device: string;
  readonly trials: number;
  readonly perHour: number;
  /** Until the baseline was trained, measured and stored. */
  readonly baselineSeconds: number;
}

export interface Search {
  readonly space: string;
  readonly device: string;
  readonly trials: number;
}

/** A search as a user starts it, with as many workers as it takes by itself, in a folder of its own; the rate is of the trials after the baseline. */
export async function trialRate({ space, device, trials }: Search): Promise<TrialRate> {
  const folder = mkdtempSync(join(tmpdir(), 'gpu-speed-'));
  const args = ['search', '--space', space, '--trials', String(trials), '--device', device, '--plain'];
  const startedAt = performance.now();
  const ends: number[] = [];
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let open = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (open + text).split('\n');
    open = lines.pop()!;
    for (const line of lines) {
      process.stdout.write(`${line}\n`);
      if (/^\d+\/\d+ /.test(line)) ends.push((performance.now() - startedAt) / 1000);
    }
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`nas search --device ${device} ended with exit code ${String(code)}`);
  const seconds = ends.at(-1)! - ends[0]!;
  return {
    space: space.replace(/^.*\//, ''),
    device,
    trials: ends.length,
    perHour: ((ends.length - 1) / seconds) * 3600,
    baselineSeconds: ends[0]!,
  };
}
