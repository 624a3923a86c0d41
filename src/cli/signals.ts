/** Signals that ask a search to end: Ctrl-C, `kill`, a closed terminal. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The first signal calls `first`, every later one `second`, until disposed. Where a program asks for it, its own AbortSignal
 * calls `first`, and those of the process stay the program's.
 */
export function onInterrupt(
  { first, second }: { first: () => void; second: () => void },
  program?: { readonly signal: AbortSignal | undefined },
): { dispose(): void } {
  if (program) return onAbort(program.signal, first);
  let count = 0;
  const listener = () => (count++ === 0 ? first() : second());
  for (const signal of signals) process.on(signal, listener);
  return {
    dispose() {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}

function onAbort(signal: AbortSignal | undefined, listener: () => void): { dispose(): void } {
  if (signal?.aborted) listener();
  signal?.addEventListener('abort', listener, { once: true });
  return { dispose: () => signal?.removeEventListener('abort', listener) };
}

/** Resolves at the first signal; a second one ends the process as usual. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    const interrupts = onInterrupt({
      first() {
        interrupts.dispose();
        resolve();
      },
      second: () => undefined,
    });
  });
}
