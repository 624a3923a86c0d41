import { describe, expect, it } from 'vitest';
import { mismatches } from '../../src/export/certificate.ts';

const recorded = { accuracy: 0.9, size: 1000, macs: 500_000, expectedMacs: 400_000, params: 250, latencyMs: 1 };
const named = (measured: Record<string, number>) =>
  mismatches(recorded, { ...recorded, ...measured }).map(({ metric }) => metric);

describe('a measurement against the record', () => {
  it('matches but for what another processor may change', () => {
    expect(named({ accuracy: 0.9005, expectedMacs: 400_200, latencyMs: 9 })).toEqual([]);
  });

  it.each([{ accuracy: 0.89 }, { size: 1001 }, { macs: 500_001 }, { expectedMacs: 401_000 }, { params: 251 }])(
    '%o',
    (measured) => {
      expect(named(measured)).toEqual(Object.keys(measured));
    },
  );
});
