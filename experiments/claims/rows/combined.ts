import type { Claim, Row } from '../row.ts';

const int8 = { bits: 8 } as const;
const teacher = { weight: 0.5, temperature: 4 } as const;

export const combinations: Claim = {
  technique: 'combinations',
  claim: 'pruning + INT8: −80 % volume and more; 10–100× smaller, 5–20× faster, ≥ 90 % of the accuracy kept',
  rows: [
    {
      name: 'half-int8',
      what: 'half of the channels, INT8',
      network: 'resnet',
      techniques: { prune: { keep: 0.5 }, quantize: int8 },
      control: true,
    },
    {
      name: 'half-qat-taught',
      what: 'half, INT8 in training, taught',
      network: 'resnet',
      techniques: { prune: { keep: 0.5 }, quantize: { ...int8, mode: 'qat' }, distil: teacher },
      timed: true,
    },
    {
      name: 'half-factored-int8',
      what: 'half of the rank, then half of the channels, INT8',
      network: 'resnet',
      techniques: { factor: [{ at: 'stage*', settings: { keep: 0.5, form: 'spatial' } }], prune: { keep: 0.5 }, quantize: int8 },
    },
    {
      name: 'half-factored-int8-swapped',
      what: 'half of the channels, then half of the rank, INT8',
      network: 'resnet',
      techniques: {
        factor: [{ at: 'stage*', settings: { keep: 0.5, form: 'spatial' } }],
        prune: { keep: 0.5 },
        quantize: int8,
        order: { first: 'prune-factor' },
      },
    },
    {
      name: 'half-int8-rounded-first',
      what: 'rounded to INT8, then half of the channels',
      network: 'resnet',
      techniques: { prune: { keep: 0.5 }, quantize: int8, order: { first: 'quantize-prune' } },
    },
    {
      name: 'sparse-90-weights-4',
      what: '90 % sparse, 4-bit weights',
      network: 'resnet',
      techniques: { sparsify: [{ at: 'stage*', settings: { sparsity: 0.9 } }], quantize: { bits: 4, mode: 'weight-only' } },
    },
    {
      name: 'sparse-90-int8',
      what: '90 % sparse, INT8',
      network: 'resnet',
      techniques: { sparsify: [{ at: 'stage*', settings: { sparsity: 0.9 } }], quantize: int8 },
    },
    {
      name: 'neurons-rank-int8',
      what: 'half of the neurons, a quarter of the rank, INT8',
      network: 'mlp',
      techniques: { factor: [{ at: 'hidden*', settings: { keep: 1 / 4 } }], prune: { keep: 0.5 }, quantize: int8 },
    },
    {
      name: 'wide-half-int8',
      what: 'wide network, half of the channels, INT8',
      network: 'wide',
      techniques: { prune: { keep: 0.5 }, quantize: int8 },
    },
  ],
  expectations: [
    { says: 'pruning + INT8: −80 %', row: 'half-int8', measure: 'smaller', atLeast: 5 },
    { says: 'within 2 points', row: 'half-int8', measure: 'change', atLeast: -0.02 },
    { says: '90 % of the accuracy kept', row: 'half-int8', measure: 'kept', atLeast: 0.9 },
    { says: 'channels, then rank: 10 times smaller', row: 'half-factored-int8-swapped', measure: 'smaller', atLeast: 10 },
    { says: 'rank, then channels: 10 times smaller', row: 'half-factored-int8', measure: 'smaller', atLeast: 10 },
    { says: 'wide network 10 times smaller', row: 'wide-half-int8', measure: 'smaller', atLeast: 10 },
    { says: 'wide network 5 times faster', row: 'wide-half-int8', measure: 'faster', atLeast: 5 },
    { says: 'narrow network 5 times faster', row: 'half-int8', measure: 'faster', atLeast: 5 },
    { says: 'dense network 10 times smaller', row: 'neurons-rank-int8', measure: 'smaller', atLeast: 10 },
    { says: 'sparsity makes 4-bit weights smaller', row: 'sparse-90-weights-4', measure: 'smaller', atLeast: 8 },
  ],
  remark: 'Factors have channels of their own, which pruning counts as they are then: the order decides the size.',
};

const shaped = (name: string, what: string, techniques: Row['techniques']): Row => ({
  name,
  what,
  network: 'resnet',
  techniques,
});

export const architecture: Claim = {
  technique: 'architecture (NAS proper)',
  claim: 'depth, width and kernel size searched beside compression, weights inherited',
  rows: [
    { ...shaped('narrow', 'every stage at 5/8 of its width', { width: { factor: 0.625 } }), control: true },
    shaped('wider', 'the first stage at 1.5 times its width', { width: [{ at: 'stem*', settings: { factor: 1.5 } }] }),
    {
      ...shaped('pointwise', '1×1 kernels in the last stage', { kernel: [{ at: 'stage3*', settings: { size: 1 } }] }),
      control: true,
    },
    shaped('larger-kernels', '5×5 kernels in the last stage', { kernel: [{ at: 'stage3*', settings: { size: 5 } }] }),
  ],
  expectations: [
    { says: 'inherited weights better than new ones (narrow)', row: 'narrow', measure: 'overControl', atLeast: 0 },
    { says: 'inherited weights better than new ones (1×1 kernels)', row: 'pointwise', measure: 'overControl', atLeast: 0 },
    { says: 'larger kernels gain accuracy', row: 'larger-kernels', measure: 'change', atLeast: 0 },
  ],
};

export const goals: Claim = {
  technique: 'NAS over all of the above, and the goals of this project',
  claim: 'a ResNet at 0.5 % of its parameters still at 93 % accuracy',
  rows: [
    {
      name: 'goal-params',
      what: '1/16 of the channels, taught, 4 epochs',
      network: 'wide',
      techniques: { prune: { keep: 1 / 16 }, distil: teacher },
      recipe: { epochs: 4, learningRate: 0.1 },
      control: true,
    },
    {
      name: 'goal-small-fast',
      what: '3/8 of the channels, INT8, taught, 2 epochs',
      network: 'wide',
      techniques: { prune: { keep: 0.375 }, quantize: int8, distil: teacher },
      recipe: { epochs: 2 },
      control: true,
    },
    {
      name: 'goal-smaller',
      what: 'a quarter of the channels, INT8, taught, 2 epochs',
      network: 'wide',
      techniques: { prune: { keep: 0.25 }, quantize: int8, distil: teacher },
      recipe: { epochs: 2 },
    },
  ],
  expectations: [
    { says: 'at most 0.5 % of the parameters', row: 'goal-params', measure: 'params', atMost: 0.005 },
    { says: '93 % of the accuracy kept', row: 'goal-params', measure: 'kept', atLeast: 0.93 },
    { says: '20 times smaller', row: 'goal-small-fast', measure: 'smaller', atLeast: 20 },
    { says: '5 times faster', row: 'goal-small-fast', measure: 'faster', atLeast: 5 },
    { says: 'both within a point', row: 'goal-small-fast', measure: 'change', atLeast: -0.01 },
    { says: '40 times smaller', row: 'goal-smaller', measure: 'smaller', atLeast: 40 },
    { says: 'that within a point', row: 'goal-smaller', measure: 'change', atLeast: -0.01 },
  ],
  remark:
    'The plans were found by hand, after what the other rows show. Searches find such plans by themselves: `results/main-job` has one of 100 trials over a narrow network.',
};
