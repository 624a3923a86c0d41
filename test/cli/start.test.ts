import { describe, expect, it } from 'vitest';
import { keyFunction, predictFunction } from '../../src/cli/compose.ts';
import { anchorWish, furtherTrials, startingTrials } from '../../src/cli/start.ts';
import type { Constraint } from '../../src/core/objective.ts';
import { type ModelSpec, modelSpecSchema } from '../../src/network/models/index.ts';
import { enumerate } from '../../src/search/space/count.ts';
import type { Parameter, Space } from '../../src/search/space/space.ts';

const model: ModelSpec = modelSpecSchema.parse({ family: 'resnet', depth: 6, widths: [8, 16] });
const data = { shape: [1, 28, 28] as const, classes: ['a', 'b'], normalization: { mean: [0.5], std: [0.25] } };
const pruned = ['stem', 'stage1.block1.conv1', 'stage2.block1.conv1', 'stage2.block1.conv2'];
const quantized = [...pruned.slice(0, 2), 'stage1.block1.conv2', ...pruned.slice(2), 'stage2.block1.shortcut', 'dense'];

const knob =
  (technique: string, name: string, off: number, values: readonly number[]) =>
  (site: string): Parameter => ({
    name: `${site}/${technique}.${name}`,
    domain: { kind: 'choice', values, ordered: true },
    target: { kind: 'technique', technique, site, knob: name },
    off,
  });
const keep = knob('prune', 'keep', 1, [0.25, 0.5, 0.75, 1]);
const bits = knob('quantize', 'bits', 32, [8, 32]);

function start(parameters: readonly Parameter[], constraints: readonly Constraint[] = []) {
  const space: Space = { parameters, fixed: { recipe: {}, techniques: {} } };
  const said: string[] = [];
  const keyOf = keyFunction(model, space);
  const predict = predictFunction(model, space, data);
  const goal = { objectives: [{ metric: 'accuracy', direction: 'maximize' as const }], constraints };
  const context = { model, space, goal, keyOf, predict, say: (line: string) => said.push(line) };
  const wishes = [anchorWish({ model, space })];
  const trials = () => startingTrials(context, wishes);
  const further = () => furtherTrials(context, wishes, []);
  return { trials, further, said, keyOf, sizeOf: (candidate: Parameters<typeof predict>[0]) => predict(candidate)!['size']! };
}

const all = [...pruned.map(keep), ...quantized.map(bits)];
const sizeAtMost = (bound: number): Constraint => ({ metric: 'size', op: '<=', bound });

describe('the start of a study', () => {
  it('is the dense network, then the anchors', () => {
    const { trials, said } = start(all);
    expect(trials().map(({ origin }) => origin)).toEqual(['baseline', 'anchor', 'anchor', 'anchor', 'anchor', 'anchor']);
    expect(said).toEqual([]);
  });

  it('has the dense network first, also where an anchor means the same', () => {
    const { trials } = start(pruned.map(keep));
    expect(trials()[0]!.origin).toBe('baseline');
    expect(trials().map(({ origin }) => origin)).toEqual(['baseline', 'anchor', 'anchor', 'anchor']);
  });

  it('has no anchor that is known to miss a constraint, and says so; the dense network stays', () => {
    const { trials: free, sizeOf } = start(all);
    const sizes = free().map(({ candidate }) => sizeOf(candidate));
    const bound = (Math.min(...sizes) + [...sizes].sort((a, b) => a - b)[2]!) / 2;
    const { trials, said, keyOf } = start(all, [sizeAtMost(bound)]);
    const [dense, ...anchors] = trials();
    expect(sizeOf(dense!.candidate)).toBeGreaterThan(bound);
    for (const { candidate } of anchors) expect(sizeOf(candidate)).toBeLessThanOrEqual(bound);
    expect(anchors.length).toBeGreaterThan(2);
    expect(new Set(anchors.map(({ candidate }) => keyOf(candidate))).size).toBe(anchors.length);
    expect(said).toEqual([expect.stringMatching(/^\d anchor candidates would miss a constraint/)]);
  });

  it('is wished for alike by a study that goes on', () => {
    const { trials, further, keyOf } = start(all, [sizeAtMost(4000)]);
    const begun = new Set(trials().map(({ candidate }) => keyOf(candidate)));
    expect(begun.size).toBeGreaterThan(1);
    for (const { candidate } of further()) expect(begun).toContain(keyOf(candidate));
  });

  it('refuses a bound below the smallest model, and says how small that is', () => {
    const few = [...pruned.slice(0, 2).map(keep), ...quantized.slice(0, 4).map(bits)];
    const { sizeOf } = start(few);
    const candidates = enumerate({ parameters: few, fixed: { recipe: {}, techniques: {} } });
    const smallest = Math.min(...[...candidates].map(sizeOf));
    expect(start(few, [sizeAtMost(smallest)]).trials().length).toBeGreaterThan(1);
    expect(start(few, [sizeAtMost(smallest - 1)]).trials).toThrow(
      expect.objectContaining({
        code: 'SPACE_INFEASIBLE',
        exitCode: 2,
        message: expect.stringMatching(/no candidate of this space can keep them: size <= .* the least there is is/),
        facts: expect.objectContaining({ metrics: expect.objectContaining({ size: smallest }), missed: ['size'] }),
      }),
    );
  });

  it('finds a narrow band between the steps of single choices', () => {
    const sized = start(all);
    const wished = sized.trials()[2]!.candidate;
    for (const name of pruned.slice(1, 3)) {
      const inside = { ...wished, [`${name}/prune.keep`]: 0.5, 'dense/quantize.bits': 32 };
      const size = sized.sizeOf(inside);
      const band: Constraint[] = [
        { metric: 'size', op: '>=', bound: size * 0.998 },
        { metric: 'size', op: '<=', bound: size * 1.002 },
      ];
      const { trials, said } = start(all, band);
      const sizes = trials()
        .slice(1)
        .map(({ candidate }) => sized.sizeOf(candidate));
      expect(said.join()).not.toMatch(/no candidate/);
      expect(sizes.length).toBeGreaterThan(0);
      for (const each of sizes) expect(Math.abs(each / size - 1)).toBeLessThanOrEqual(0.002);
    }
  });

  it('claims only of a space that was looked at as a whole that no candidate keeps the bounds', () => {
    const bound = 4000;
    const narrow = (parameters: readonly Parameter[]) =>
      start(parameters, [
        { metric: 'size', op: '>=', bound: bound + 0.1 },
        { metric: 'size', op: '<=', bound: bound + 0.9 },
      ]);
    const { trials, said } = narrow(all);
    expect(trials().map(({ origin }) => origin)).toEqual(['baseline']);
    expect(said[0]).toMatch(
      /^constraints: no candidate that keeps them was found: size .* There may be one: the search goes on\.$/,
    );
    expect(start(all, [sizeAtMost(100)]).trials).toThrow(
      /no candidate that keeps them was found: size <= 100 B, but the least found is/,
    );
    const few = [...pruned.slice(0, 2).map(keep), ...quantized.slice(0, 4).map(bits)];
    expect(narrow(few).trials).toThrow(/no candidate of this space can keep them: size <= 4\.00 kB, but the nearest there is is/);
  });
});
