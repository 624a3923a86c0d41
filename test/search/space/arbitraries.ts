import * as fc from 'fast-check';
import type { Value } from '../../../src/core/candidate.ts';
import type { Domain, Parameter, Space } from '../../../src/search/space/space.ts';

const numberChoice = fc
  .uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 })
  .map((values): Domain => ({ kind: 'choice', values: values.sort((a, b) => a - b).map((n) => n / 8), ordered: true }));

const nameChoice = fc
  .uniqueArray(fc.constantFrom<Value>('l1', 'l2', 'slim', true, false), { minLength: 1, maxLength: 4 })
  .map((values): Domain => ({ kind: 'choice', values, ordered: false }));

const stepRange = fc
  .tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 0, max: 8 }), fc.constantFrom(0.1, 0.25, 1, 3))
  .map(([from, steps, step]): Domain => ({ kind: 'range', min: from / 10, max: from / 10 + steps * step, step }));

const wholeRange = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 }), fc.boolean())
  .map(([min, more, log]): Domain => ({ kind: 'range', min, max: min + more, integer: true, ...(log ? { log } : {}) }));

const continuousRange = fc
  .tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }), fc.boolean())
  .map(([min, more, log]): Domain => ({ kind: 'range', min: min / 100, max: (min + more) / 100, ...(log ? { log } : {}) }));

export const finiteDomain = fc.oneof(numberChoice, nameChoice, stepRange, wholeRange);
export const anyDomain = fc.oneof(finiteDomain, continuousRange);

/** Parameters of the recipe and of two techniques at two sites, some with an off value in or outside of their domain. */
function spaceOf(domains: fc.Arbitrary<Domain>, maxLength: number): fc.Arbitrary<Space> {
  return fc.array(fc.tuple(domains, fc.constantFrom(0, 1, 2)), { minLength: 1, maxLength }).map((parts) => ({
    parameters: parts.map(([domain, kind], i) => parameter(domain, kind, i)),
    fixed: { recipe: { batchSize: 32 }, techniques: { prune: { site0: { importance: 'l1' } } } },
  }));
}

function parameter(domain: Domain, kind: number, i: number): Parameter {
  if (kind === 0) return { name: `trial.k${i}`, domain, target: { kind: 'recipe', key: `k${i}` } };
  const target = {
    kind: 'technique',
    technique: kind === 1 ? 'prune' : 'quantize',
    site: `site${i % 2}`,
    knob: `k${i}`,
  } as const;
  const off = domain.kind === 'choice' ? domain.values.at(-1)! : domain.max;
  return { name: `${target.site}/${target.technique}.k${i}`, domain, target, ...(i % 3 === 0 ? { off } : {}) };
}

export const anySpace = spaceOf(anyDomain, 12);
export const smallSpace = spaceOf(finiteDomain, 4);
