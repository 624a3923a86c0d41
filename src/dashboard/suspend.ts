import type { Screen } from './screen.ts';

/** Ctrl-Z arrives as a key, since the terminal is raw: the whole group of processes is stopped, as the shell expects. */
export function suspendProcess(): void {
  if (process.platform !== 'win32') process.kill(0, 'SIGTSTP');
}

/**
 * Gives the terminal back while the process is stopped, whoever asked for it (Ctrl-Z, `kill -TSTP`), and takes it again when it
 * goes on.
 */
export function keepTerminal(screen: Pick<Screen, 'sleep' | 'wake'>, stdin: NodeJS.ReadStream): { dispose(): void } {
  if (process.platform === 'win32') return { dispose: () => undefined };
  const raw = (on: boolean) => {
    if (stdin.isTTY) stdin.setRawMode(on);
  };
  const sleep = () => {
    screen.sleep();
    raw(false);
    process.kill(process.pid, 'SIGSTOP');
  };
  const wake = () => {
    raw(true);
    screen.wake();
  };
  process.on('SIGTSTP', sleep);
  process.on('SIGCONT', wake);
  return {
    dispose() {
      process.off('SIGTSTP', sleep);
      process.off('SIGCONT', wake);
    },
  };
}
