import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { memorySize } from '../../src/cli/options.ts';
import { MemoryCap } from '../../src/executors/pool/memory.ts';

describe('the cap on a host’s memory', () => {
  it('asks first, then ends what stays over it', () => {
    const cap = new MemoryCap(1000);
    expect(cap.look(800, 0)).toEqual({ short: false, end: false });
    expect(cap.look(1100, 200)).toEqual({ short: true, end: false });
    expect(cap.look(1100, 1100)).toEqual({ short: true, end: false });
    expect(cap.look(1100, 1200)).toEqual({ short: true, end: true });
  });

  it('begins anew when memory was given back, and lets a host live below the cap', () => {
    const cap = new MemoryCap(1000);
    cap.look(1100, 0);
    expect(cap.look(800, 500)).toEqual({ short: false, end: false });
    expect(cap.look(1100, 1100)).toEqual({ short: true, end: false });
    expect(cap.look(900, 9000)).toEqual({ short: true, end: false });
  });

  it('does not wait for what runs away', () => {
    expect(new MemoryCap(1000).look(1300, 0).end).toBe(true);
  });
});

describe('--memory', () => {
  it.each([
    ['4GB', 4096],
    ['1.5 gb', 1536],
    ['900MB', 900],
  ])('%s is %i MB', (text, mb) => {
    expect(memorySize(text)).toBe(mb);
  });

  it.each(['4', '4 TB', '-1GB', '100MB', '', 'lots'])('refuses %j', (text) => {
    expect(() => memorySize(text)).toThrow(InvalidArgumentError);
  });
});
