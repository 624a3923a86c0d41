import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withLargePages } from '../../src/executors/pool/large-pages.ts';
import { openPool } from './harness.ts';

describe.runIf(process.platform === 'linux')('large pages', () => {
  it('are asked for beside what the user tunes', () => {
    expect(withLargePages({ A: '1' })).toEqual({ A: '1', GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' });
    const tuned = withLargePages({ GLIBC_TUNABLES: 'glibc.malloc.check=1' });
    expect(tuned).toEqual({ GLIBC_TUNABLES: 'glibc.malloc.check=1:glibc.malloc.hugetlb=1' });
  });

  it('stay off where the user says so', () => {
    const off = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=0' };
    expect(withLargePages(off)).toBe(off);
  });

  it('are what a trial host starts with', async () => {
    const { executor, facts } = await openPool();
    expect(readFileSync(`/proc/${facts.pid}/environ`, 'latin1').split('\0')).toContain(
      `GLIBC_TUNABLES=${withLargePages()['GLIBC_TUNABLES']}`,
    );
    await executor.close();
  });
});
