import { spawn } from 'node:child_process';

export interface ToolResult {
  /** undefined: the program could not be started. */
  readonly code: number | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** What an installation needs of the system; tests put their own in its place. */
export interface Tools {
  readonly platform: NodeJS.Platform;
  run(program: string, args: readonly string[], options?: ToolOptions): Promise<ToolResult>;
}

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export const systemTools: Tools = { platform: process.platform, run: runTool };

function runTool(program: string, args: readonly string[], { cwd, env }: ToolOptions = {}): Promise<ToolResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (error) => resolve({ code: undefined, stdout, stderr: error.message }));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The end of what a program said: where it tells what went wrong. */
export const lastLines = ({ stdout, stderr }: ToolResult, count = 6): string =>
  `${stdout}\n${stderr}`
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .map((line) => `  ${line.trimEnd()}`)
    .join('\n');
