import { describe, expect, it } from 'vitest';
import { chooseController } from '../../../src/search/controllers/auto.ts';
import { controllers } from '../../../src/search/controllers/index.ts';
import { compressionProblem } from '../../fixtures/compression-problem.ts';
import { mixedProblem } from '../../fixtures/search-problems.ts';

describe('automatic choice', () => {
  it.each([
    ['grid', compressionProblem(1).space, 24],
    ['surrogate', compressionProblem(1).space, 23],
    ['surrogate', mixedProblem().space, 100],
    ['evolution', mixedProblem().space, 10_000],
  ])('takes %s, and says why', (name, space, trials) => {
    const { controller, reason } = chooseController(space, trials);
    expect(controller).toBe(name);
    expect(reason).toMatch(/\d/);
    expect(controllers.find((definition) => definition.name === name)!.refuse?.(space)).toBeUndefined();
  });
});
