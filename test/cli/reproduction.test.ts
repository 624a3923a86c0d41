import { describe, expect, it } from 'vitest';
import { handedOver, reproducing } from '../../src/cli/reproduction.ts';
import type { StudyRecord } from '../../src/core/store.ts';
import { rungShares } from '../../src/search/space/schedule.ts';
import type { StudyView } from '../../src/store/read-model.ts';

const space = { parameters: [], fixed: { techniques: {} } };
const studied = (facts: object, origins: readonly string[] = ['baseline', 'anchor', 'random']) =>
  ({
    record: {
      seed: '7',
      controller: 'evolution',
      facts: { space, sections: { trial: { epochs: 0.4 } }, lookAhead: 8, ...facts },
    } as unknown as StudyRecord,
    trials: origins.map((origin, number) => ({ number, origin })),
  }) as unknown as StudyView;

describe('the command that makes a trial again', () => {
  it('is the short one for a study as it comes', () =>
    expect(reproducing(studied({}), 1)).toBe('nas search --space space.yaml --seed 7 --controller evolution --trials 2'));

  it('has what its options decided', () => {
    const command = reproducing(studied({ lookAhead: 3, start: { with: ['anchors', 'sensitivity'], trials: [] } }), 1);
    expect(command).toContain("--start 'anchors,sensitivity' --look-ahead 3 ");
    expect(reproducing(studied({ start: { with: [], trials: [] } }), 1)).toContain("--start '' ");
  });

  it('has the rungs in epochs, and as many trials as decided which of them go on', () => {
    const rungs = rungShares({ eta: 3 }, 0.4);
    const command = reproducing(studied({ schedule: { scheduler: 'asha', eta: 3, rungs } }), 1);
    const [, epochs] = /--scheduler asha --eta 3 --rungs (\S+) --trials 3$/.exec(command)!;
    const again = rungShares({ eta: 3, rungs: epochs!.split(',').map(Number) }, 0.4);
    expect(again).toHaveLength(rungs.length);
    for (const [i, share] of again.entries()) expect(share).toBeCloseTo(rungs[i]!, 10);
  });

  it('counts what was handed to the study', () => {
    expect(handedOver(studied({}), 2)).toBe(0);
    expect(handedOver(studied({}, ['baseline', 'warm', 'random', 'enqueued']), 2)).toBe(1);
  });
});
