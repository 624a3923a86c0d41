import { spawn } from 'node:child_process';
import { isAbsolute, join, normalize, resolve, sep } from 'node:path';
import { exitCodes, NasError } from '../core/errors.ts';

export interface ExportRequest {
  readonly db: string;
  readonly study: string;
  readonly trial: number;
  /** A new folder below the one that this process was started in. */
  readonly folder: string;
}

/**
 * Runs `nas export` in a process of its own, as a person would, and resolves to what it printed. The folder lies below
 * the present one. Throws NasError EXPORT_FOLDER, TRIAL_MISSING, EXPORT_FAILED (with what the command said).
 */
export async function exportHere({ db, study, trial, folder }: ExportRequest): Promise<string> {
  const out = folderHere(folder);
  if (!Number.isInteger(trial) || trial < 0) throw new NasError('TRIAL_MISSING', `"${trial}" is no number of a trial.`);
  const flags = ['--db', resolve(db), '--study', study, '--trial', String(trial), '--out', out];
  const { code, stdout, stderr } = await run(['export', ...flags]);
  if (code === exitCodes.ok) return stdout.trim();
  const said = stderr.split('\n').findLast((line) => line.startsWith('error: '));
  throw new NasError('EXPORT_FAILED', said?.replace('error: ', '') ?? `nas export ended with exit code ${code}.`, {
    facts: { trial, code },
  });
}

/** Names from a web page lead nowhere but below this folder. */
function folderHere(folder: string): string {
  const path = normalize(folder);
  const isOutside = isAbsolute(path) || path === '.' || path === '..' || path.startsWith(`..${sep}`);
  if (folder.trim() === '' || folder.includes('\0') || isOutside) {
    throw new NasError(
      'EXPORT_FOLDER',
      `"${folder}" is no folder below the one that nas ui was started in. Name a new one, such as model.`,
      {
        facts: { folder },
      },
    );
  }
  return join('.', path);
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line of this very program. */
function run(args: readonly string[]): Promise<Ended> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', failed);
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
}
