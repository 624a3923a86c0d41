import { expect, it } from 'vitest';
import { NasError } from '../../../../src/core/errors.ts';
import { createRng } from '../../../../src/core/rng.ts';
import { check } from '../../../../src/search/space/check.ts';
import { planOf } from '../../../../src/search/space/plan.ts';
import { sample } from '../../../../src/search/space/sample.ts';
import { damagedText } from '../../../fixtures/fuzz/mutate.ts';
import { parse, spaceText } from '../fixture.ts';

const seeds = [
  spaceText(),
  spaceText({
    trial: 'trial: { learningRate: { min: 0.001, max: 0.1, log: true }, epochs: [0.5, 1], optimizer: [sgd, adamw] }',
    constraints: 'constraints:\n  - accuracy >= 85 %\n  - "size <= 200kB"',
    layers:
      'layers:\n  - match: ["stage{1,2}.*", stem]\n    prune: { keep: { min: 0.1, max: 1, step: 0.1 }, importance: [l1, l2] }\n    quantize: { bits: [8, 32] }\n  - match: stem\n    prune: off',
  }),
];

it('gives a space or an error with a place for any text', { timeout: 60_000 }, () => {
  let accepted = 0;
  for (let i = 0; i < 2000; i++) {
    const text = damagedText(seeds[i % 2]!, seeds[1]!, createRng('fuzz', i));
    try {
      const { space } = parse(text);
      const candidate = sample(space, createRng(i));
      check(space, candidate);
      planOf(space, candidate);
      accepted++;
    } catch (error) {
      if (!(error instanceof NasError)) throw new Error(`text ${i} let through ${String(error)}:\n${text}`, { cause: error });
      const { at, frame, exitCode, message } = error;
      const lines = text.split('\n');
      expect(at, message).toBeDefined();
      expect(at!.line).toBeLessThanOrEqual(lines.length);
      expect(at!.column).toBeLessThanOrEqual(lines[at!.line - 1]!.length + 1);
      expect(frame).toContain('^');
      expect(exitCode).toBe(2);
    }
  }
  // Both ways are walked.
  expect(accepted).toBeGreaterThan(100);
  expect(accepted).toBeLessThan(1900);
});
