import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { emptyTally, runCase } from './fixtures/fuzz/run.ts';
import { subjects, withPrepared } from './fixtures/fuzz/subjects.ts';

/** A slice of `experiments/torture/fuzz.ts`, other cases than its first ones, and what was a fault once. */

const slice = { from: 1_000_000, count: 60 };

const kept = (subject: string) => {
  const folder = fileURLToPath(new URL(`./fixtures/fuzz/cases/${subject}/`, import.meta.url));
  return (existsSync(folder) ? readdirSync(folder) : []).map((name) => new Uint8Array(readFileSync(`${folder}${name}`)));
};

describe.each(subjects)('$name from a stranger', (subject) => {
  it('are taken in or refused with an error of ours', { timeout: 60_000 }, async () => {
    const tally = emptyTally();
    await withPrepared(subject, async (prepared) => {
      for (let i = 0; i < slice.count; i++) await runCase(prepared, slice.from + i, prepared.make(slice.from + i), tally);
      for (const [i, input] of kept(subject.name).entries()) await runCase(prepared, i, input, tally);
    });
    expect(tally.faults).toEqual([]);
    const refused = Object.values(tally.refused).reduce((sum, count) => sum + count, 0);
    expect(tally.accepted + refused).toBe(slice.count + kept(subject.name).length);
    expect(refused).toBeGreaterThan(0);
  });
});
