import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { onCleanup } from '../fixtures/cleanup.ts';
import { builtFrom } from './built.ts';
import { fixture, isAlive, temporaryFolder, until } from './harness.ts';

const parent = new URL('../fixtures/worker-parent.ts', import.meta.url);

/** The parent fixture in a process group of its own, as a terminal would start it. */
async function startParent(behaviour: string): Promise<{ child: ChildProcess; hostPid: number; output: () => string }> {
  const files = [parent, fixture].map((source) => fileURLToPath(builtFrom(source)));
  const child = spawn(process.execPath, [...files, temporaryFolder(), behaviour], { detached: true });
  onCleanup(() => child.exitCode === null && child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  await until(() => output.includes('\n'));
  const hostPid = Number(/running (\d+)/.exec(output)?.[1]);
  expect(hostPid, output).toBeGreaterThan(0);
  return { child, hostPid, output: () => output };
}

describe('the trial host', () => {
  it.each(['hang', 'hangRudely'])('ends when its parent is killed, in the middle of a trial that does %s', async (behaviour) => {
    const { child, hostPid } = await startParent(behaviour);
    expect(isAlive(hostPid)).toBe(true);
    child.kill('SIGKILL');
    await until(() => !isAlive(hostPid));
  });

  it('leaves Ctrl-C, which the terminal sends to the whole group, to its parent', async () => {
    const { child, hostPid, output } = await startParent('hang');
    const exited = new Promise((resolve) => child.once('close', resolve));
    process.kill(-child.pid!, 'SIGINT');
    expect(await exited).toBe(0);
    expect(output()).toMatch(/^running \d+\nended aborted\n$/);
    expect(isAlive(hostPid)).toBe(false);
  });
});
