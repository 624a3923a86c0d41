import type { SiteSettings } from '../../../src/core/candidate.ts';
import type { Claim, Row } from '../row.ts';

const student = (name: string, what: string, more: Row['techniques'], rest: Partial<Row> = {}): Row => ({
  name,
  what,
  network: 'resnet',
  techniques: { prune: { keep: 0.25 }, ...more },
  ...rest,
});

export const distillation: Claim = {
  technique: 'knowledge distillation',
  claim: '2–5× smaller, 0.1–3 % loss',
  rows: [
    student('student-t2', 'a quarter of the channels, T = 2', { distil: { weight: 0.5, temperature: 2 } }),
    student('student-t4', 'T = 4', { distil: { weight: 0.5, temperature: 4 } }, { timed: true }),
    student('student-t8', 'T = 8', { distil: { weight: 0.5, temperature: 8 } }),
    student('student-90', 'T = 4, weight 0.9', { distil: { weight: 0.9, temperature: 4 } }),
    student('student-attention', 'attention maps', { attention: { weight: 10 } }),
    student('student-hint', 'features', { hint: { weight: 1 } }),
    student(
      'student-scratch',
      'from scratch, T = 4',
      { distil: { weight: 0.5, temperature: 4 } },
      { fresh: true, recipe: { epochs: 5, learningRate: 0.1 } },
    ),
    {
      name: 'student-half',
      what: 'half of the channels, T = 4',
      network: 'resnet',
      techniques: { prune: { keep: 0.5 }, distil: { weight: 0.5, temperature: 4 } },
    },
  ],
  expectations: [
    { says: 'half of the channels 2 to 5 times smaller', row: 'student-half', measure: 'smaller', atLeast: 2 },
    { says: 'half of the channels within 3 points', row: 'student-half', measure: 'change', atLeast: -0.03 },
    { says: 'better than without a teacher (half)', row: 'student-half', measure: { over: 'channels-50' }, atLeast: 0 },
    { says: 'better than without a teacher (a quarter)', row: 'student-t4', measure: { over: 'channels-25' }, atLeast: 0 },
    {
      says: 'better than without a teacher (from scratch)',
      row: 'student-scratch',
      measure: { over: 'channels-25/control' },
      atLeast: 0,
    },
  ],
  remark: 'How much smaller is the student’s shape alone; the teacher gives accuracy to it.',
};

/** The first and the last layer have few weights, and stay as they are. */
const factored = (name: string, what: string, settings: SiteSettings, rest: Partial<Row> = {}): Row => ({
  name,
  what,
  network: 'resnet',
  techniques: { factor: [{ at: '{stage,hidden}*', settings }] },
  ...rest,
});

export const lowRank: Claim = {
  technique: 'low-rank factorisation',
  claim: 'dense layers 5–10×, 3–10× overall, 0.5–3 % loss',
  rows: [
    factored('rank-50-channel', 'channel SVD, half of the rank', { keep: 0.5 }, { control: true }),
    factored('rank-25-channel', 'channel SVD, a quarter', { keep: 0.25 }),
    factored('rank-50-spatial', 'spatial SVD, half', { keep: 0.5, form: 'spatial' }),
    factored('rank-25-spatial', 'spatial SVD, a quarter', { keep: 0.25, form: 'spatial' }),
    factored('rank-50-tucker', 'Tucker-2, half', { keep: 0.5, form: 'tucker' }),
    factored('rank-25-tucker', 'Tucker-2, a quarter', { keep: 0.25, form: 'tucker' }),
    factored('rank-energy', 'channel SVD, 80 % of the energy', { keep: 0.8, by: 'energy' }),
    factored('wide-rank-25', 'wide network, Tucker-2, a quarter', { keep: 0.25, form: 'tucker' }, { network: 'wide' }),
    factored('dense-rank-8', 'dense layers, 1/8 of the rank', { keep: 1 / 8 }, { network: 'mlp', control: true }),
    factored('dense-rank-16', 'dense layers, 1/16', { keep: 1 / 16 }, { network: 'mlp' }),
  ],
  expectations: [
    { says: 'dense layers about 5 times smaller', row: 'dense-rank-8', measure: 'smaller', atLeast: 4.5 },
    { says: 'dense layers within 3 points', row: 'dense-rank-8', measure: 'change', atLeast: -0.03 },
    { says: 'dense layers 9 times smaller', row: 'dense-rank-16', measure: 'smaller', atLeast: 9 },
    { says: 'those within 3 points', row: 'dense-rank-16', measure: 'change', atLeast: -0.03 },
    { says: 'convolutions 3 times smaller', row: 'rank-25-tucker', measure: 'smaller', atLeast: 3 },
    { says: 'those within 3 points', row: 'rank-25-tucker', measure: 'change', atLeast: -0.03 },
    { says: 'dense layers better than from scratch', row: 'dense-rank-8', measure: 'overControl', atLeast: 0 },
    { says: 'convolutions better than from scratch', row: 'rank-50-channel', measure: 'overControl', atLeast: 0 },
  ],
};
