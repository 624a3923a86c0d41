import { describe, expect, it } from 'vitest';
import { isIndifferentToTimes } from '../../src/cli/setup.ts';
import type { Goal } from '../../src/core/objective.ts';
import type { StudyRecord } from '../../src/core/store.ts';

const accuracy = { metric: 'accuracy', direction: 'maximize' } as const;
const record = (goal: Partial<Goal>, sections: object = {}) =>
  ({ facts: { goal: { objectives: [accuracy], constraints: [], ...goal }, sections } }) as unknown as StudyRecord;
const fast = { metric: 'latencyMs', op: '<=', bound: 5 } as unknown as Goal['constraints'][number];

describe('whether trials may be timed briefly', () => {
  it.each([
    ['nothing is about times', record({}), [], true],
    ['an objective is', record({ objectives: [accuracy, { metric: 'latencyRatio', direction: 'minimize' }] }), [], false],
    ['a bound is', record({ constraints: [fast] }), [], false],
    ['a target is', record({}), [fast], false],
    ['the space says how models are timed', record({}, { latency: { batch: 4 } }), [], false],
    ['a bound on one class is not', record({ constraints: [{ ...fast, metric: 'recall(Shirt)' }] }), [], true],
  ])('%s', (_, study, targets, expected) => expect(isIndifferentToTimes(study, targets)).toBe(expected));
});
