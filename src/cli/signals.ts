/** Signals that ask a search to end: Ctrl-C, `kill`, a closed terminal. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first signal calls `first`, every later one `second`, until disposed. */
export function onInterrupt({ first, second }: { first: () => void; second: () => void }): { dispose(): void } {
  let count = 0;
  const listener = () => (count++ === 0 ? first() : second());
  for (const signal of signals) process.on(signal, listener);
  return {
    dispose() {
      for (const signal of signals) process.off(signal, listener);
    },
  };
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
