import type { SiteSettings } from '../../../src/core/candidate.ts';
import type { Claim, Row } from '../row.ts';

/** The first and the last layer have few weights, and stay as they are. */
const sparse = (name: string, what: string, settings: SiteSettings, more: Partial<Row> = {}): Row => ({
  name,
  what,
  network: 'resnet',
  techniques: { sparsify: [{ at: '{stage,hidden}*', settings }] },
  ...more,
});

export const unstructured: Claim = {
  technique: 'weight pruning, unstructured',
  claim: 'high compression, from 30 % to over 90 % of the weights; no speed-up on ordinary hardware, may even be slower',
  rows: [
    sparse('sparse-30', '30 % of each layer, by magnitude', { sparsity: 0.3 }),
    sparse('sparse-60', '60 %', { sparsity: 0.6 }),
    sparse('sparse-90', '90 %', { sparsity: 0.9 }, { control: true }),
    sparse('sparse-95', '95 %', { sparsity: 0.95 }),
    sparse('sparse-90-taylor', '90 %, by gradient × weight', { sparsity: 0.9, importance: 'taylor' }),
    sparse('sparse-90-random', '90 %, any (to compare with)', { sparsity: 0.9, importance: 'random' }),
    sparse('sparse-90-network', '90 %, one threshold for the network', { sparsity: 0.9, threshold: 'network' }),
    sparse('sparse-90-gradual', '90 %, gradually', { sparsity: 0.9, when: 'gradual' }, { timed: true }),
    sparse('sparse-2-4', '2 of every 4', { sparsity: 0.5, block: 4 }),
    sparse('sparse-90-mlp', '90 % of dense layers', { sparsity: 0.9 }, { network: 'mlp' }),
  ],
  expectations: [
    { says: '90 % gone, at least 4 times smaller', row: 'sparse-90', measure: 'smaller', atLeast: 4 },
    { says: '60 % gone within half a point', row: 'sparse-60', measure: 'change', atLeast: -0.005 },
    { says: '90 % gone within 2 points', row: 'sparse-90', measure: 'change', atLeast: -0.02 },
    { says: 'no faster at 90 %', row: 'sparse-90', measure: 'faster', atMost: 1.1 },
    { says: 'no faster in dense layers', row: 'sparse-90-mlp', measure: 'faster', atMost: 1.1 },
    {
      says: 'gradient × weight does better than chance',
      row: 'sparse-90-taylor',
      measure: { over: 'sparse-90-random' },
      atLeast: 0,
    },
    { says: 'magnitude does better than chance', row: 'sparse-90', measure: { over: 'sparse-90-random' }, atLeast: 0 },
    { says: 'better than its shape trained from scratch', row: 'sparse-90', measure: 'overControl', atLeast: 0 },
  ],
  remark:
    'Zeros are left out of the file and put back when it is loaded: onnxruntime has no sparse kernels, so the network that runs is the dense one.',
};
