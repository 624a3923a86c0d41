import { spawn } from 'node:child_process';
import type { CommandAnswer } from '../core/control.ts';

export interface AsideExport {
  readonly db: string;
  readonly study: string;
  readonly trial: number;
  readonly folder: string;
}

/** `nas export` in a process of its own, for a screen that must go on meanwhile: its last line is the answer. */
export function exportAside({ db, study, trial, folder }: AsideExport): Promise<CommandAnswer> {
  const main = process.argv[1]!;
  const args = [main, 'export', '--db', db, '--study', study, '--trial', String(trial), '--out', folder];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...process.execArgv, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let refused = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (refused += text));
    child.on('error', (error) => resolve({ done: false, message: error.message }));
    child.on('close', (code) => {
      const done = code === 0;
      const [first = ''] = said.split('\n');
      resolve({ done, message: done ? `Exported: ${first.replace(/\s+/g, ' ')}` : lastLine(refused) });
    });
  });
}

const lastLine = (text: string) => text.trim().split('\n').at(-1) || 'nas export failed without a word.';
