import { describe, expect, it } from 'vitest';
import { probesOf, undisturbed } from '../../../src/search/sensitivity/probes.ts';
import { check } from '../../../src/search/space/check.ts';
import type { Parameter, Space } from '../../../src/search/space/space.ts';
import { compressionProblem } from '../../fixtures/compression-problem.ts';

const { space, keyOf, baseline } = compressionProblem(3);

describe('probes of a space', () => {
  it('leave all but one technique at one site alone', () => {
    expect(keyOf(undisturbed(space))).toBe(keyOf(baseline));
    for (const { candidate, values, technique, site } of probesOf(space, keyOf)) {
      check(space, candidate);
      expect(candidate).toEqual({ ...undisturbed(space), ...values });
      expect(Object.keys(values).every((name) => name.startsWith(`${site}/${technique}.`))).toBe(true);
    }
  });

  it('are every setting that means something, once', () => {
    const probes = probesOf(space, keyOf);
    // Three keep ratios by two criteria, and two bit widths, in three layers.
    expect(probes).toHaveLength(3 * (3 * 2 + 2));
    expect(new Set(probes.map(({ candidate }) => keyOf(candidate))).size).toBe(probes.length);
    expect(probes[0]).toMatchObject({ technique: 'prune', site: 'layer0', settings: { keep: 0.25, importance: 'l1' } });
  });

  it('stay few where knobs are many: long ranges are sampled, choices without an order left at their default', () => {
    const knob = (name: string, rest: Pick<Parameter, 'domain' | 'off' | 'default'>): Parameter => ({
      name: `a/t.${name}`,
      target: { kind: 'technique', technique: 't', site: 'a', knob: name },
      ...rest,
    });
    const many: Space = {
      parameters: [
        knob('strength', { domain: { kind: 'range', min: 0, max: 1 }, off: 1 }),
        knob('method', { domain: { kind: 'choice', values: ['a', 'b', 'c', 'd'], ordered: false }, default: 'c' }),
      ],
      fixed: { recipe: {}, techniques: {} },
    };
    const probes = probesOf(many, (candidate) => JSON.stringify(candidate));
    expect(probes.map(({ settings }) => settings['method'])).toEqual(Array.from({ length: 7 }, () => 'c'));
    expect(probes[0]!.settings['strength']).toBe(0);
  });
});
