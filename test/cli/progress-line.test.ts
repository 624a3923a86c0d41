import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openProgress } from '../../src/cli/bench/progress.ts';
import { showWait } from '../../src/cli/progress-line.ts';

function stream(isTTY: boolean) {
  const written: string[] = [];
  return { written, to: { isTTY, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream };
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe('progress on standard error', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('counts the seconds of a wait on a terminal from the first on, and leaves nothing of it', async () => {
    const { written, to } = stream(true);
    const waiting = showWait('measuring', () => pause(2500), to);
    await vi.advanceTimersByTimeAsync(2500);
    await waiting;
    expect(written.filter((text) => text.includes('measuring'))).toEqual(['measuring  0 s', 'measuring  1 s', 'measuring  2 s']);
    expect(written.at(-1)).toBe('\r\u001b[K');
  });

  it('is a plain line every ten seconds elsewhere', async () => {
    const { written, to } = stream(false);
    const waiting = showWait('measuring', () => pause(25_000), to);
    await vi.advanceTimersByTimeAsync(25_000);
    await waiting;
    expect(written).toEqual(['measuring  10 s\n', 'measuring  20 s\n']);
  });

  it('of a bench is a plain line at most every ten seconds where there is no terminal', async () => {
    const { written, to } = stream(false);
    const { report, close } = openProgress(to);
    for (let done = 0; done < 30; done++) {
      report({ done, total: 30, problem: 'zdt1', searcher: 'tpe' });
      await vi.advanceTimersByTimeAsync(1000);
    }
    close();
    expect(written).toEqual(['33 %  zdt1, tpe, 20 s left\n', '67 %  zdt1, tpe, 10 s left\n']);
  });
});
