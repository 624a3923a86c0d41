import type { SiteSettings } from '../../../src/core/candidate.ts';
import type { Claim, Row } from '../row.ts';

const channels = (name: string, what: string, settings: SiteSettings, more: Partial<Row> = {}): Row => ({
  name,
  what,
  network: 'resnet',
  techniques: { prune: settings },
  ...more,
});

export const structured: Claim = {
  technique: 'structured pruning',
  claim: 'real speed-up on ordinary hardware; neighbours (residual adds) kept consistent',
  rows: [
    channels('channels-50', 'half of the channels, by L1', { keep: 0.5 }, { control: true }),
    channels('channels-25', 'a quarter of the channels stays', { keep: 0.25 }, { control: true }),
    channels('wide-channels-50', 'half of the channels, wide network', { keep: 0.5 }, { network: 'wide' }),
    channels('wide-channels-25', 'a quarter stays, wide network', { keep: 0.25 }, { network: 'wide', control: true }),
    channels(
      'wide-channels-23',
      'as many as fit, not in multiples',
      { keep: 0.23 },
      { network: 'wide', recipe: { epochs: 0.25 } },
    ),
    channels('neurons-25', 'a quarter of the neurons of dense layers', { keep: 0.25 }, { network: 'mlp', control: true }),
  ],
  expectations: [
    {
      says: 'half of the channels of the wide network: at least 2 times faster',
      row: 'wide-channels-50',
      measure: 'faster',
      atLeast: 2,
    },
    { says: 'a quarter of them: at least 4 times faster', row: 'wide-channels-25', measure: 'faster', atLeast: 4 },
    { says: 'half of the narrow network: at least 1.5 times faster', row: 'channels-50', measure: 'faster', atLeast: 1.5 },
    { says: 'dense neurons: at least 3 times faster', row: 'neurons-25', measure: 'faster', atLeast: 3 },
    { says: 'half of the channels within 2 points', row: 'channels-50', measure: 'change', atLeast: -0.02 },
    { says: 'better than its shape trained from scratch (half)', row: 'channels-50', measure: 'overControl', atLeast: 0 },
    { says: 'better than its shape trained from scratch (a quarter)', row: 'channels-25', measure: 'overControl', atLeast: 0 },
    { says: 'better than its shape trained from scratch (wide)', row: 'wide-channels-25', measure: 'overControl', atLeast: 0 },
  ],
  remark:
    'Where little is left, short fine-tuning does not bring back what was cut, and the same shape trained from scratch for as long as both trainings together can be better (Liu et al. 2019, Rethinking the Value of Network Pruning, found the same). What pruning gives then is the shape, and a usable network after a fraction of the epochs. Times: channels that do not fill the vectors of the processor save less than their share.',
};

const byCriterion = (importance: string) =>
  channels(`channels-50-${importance}`, `half, by ${importance}`, { keep: 0.5, importance });

export const criteria: Claim = {
  technique: 'importance criteria',
  claim: 'scoring decides what may go',
  rows: [
    ...['l2', 'median', 'scale', 'activity', 'taylor', 'removal'].map(byCriterion),
    channels(
      'channels-50-slimming',
      'half, by BatchNormalization scale under a penalty, gradually',
      { keep: 0.5, importance: 'scale', when: 'gradual', penalty: 0.0005 },
      { timed: true },
    ),
  ],
  expectations: [
    { says: 'gradient × weight better than L1', row: 'channels-50-taylor', measure: { over: 'channels-50' }, atLeast: 0 },
    { says: 'accuracy drop on removal better than L1', row: 'channels-50-removal', measure: { over: 'channels-50' }, atLeast: 0 },
    { says: 'BatchNormalization scale no better than L1', row: 'channels-50-scale', measure: { over: 'channels-50' }, atMost: 0 },
    { says: 'activation frequency no better than L1', row: 'channels-50-activity', measure: { over: 'channels-50' }, atMost: 0 },
  ],
  remark:
    'All at half of the channels of every layer, one epoch of fine-tuning; L1 itself is the row `channels-50`. What is measured of one channel alone says little of losing half of them together, and training follows in any case: L1, gradient × weight and the drop on removal lie within half a point of one another.',
};

export const timing: Claim = {
  technique: 'when to prune',
  claim: '−40 % volume with accuracy back after 1–2 fine-tune epochs at a low learning rate, from a 3 % drop',
  rows: [
    channels(
      'volume-40-cut',
      '−40 % volume, before fine-tuning',
      { keep: 0.76 },
      { recipe: { epochs: 0.0012, learningRate: 1e-6 } },
    ),
    channels('volume-40-1', '−40 % volume, 1 epoch', { keep: 0.76 }, { recipe: { epochs: 1, learningRate: 0.005 } }),
    channels('volume-40-2', '−40 % volume, 2 epochs', { keep: 0.76 }, { recipe: { epochs: 2, learningRate: 0.005 } }),
    channels(
      'volume-40-2-high',
      '−40 % volume, 2 epochs, high rate',
      { keep: 0.76 },
      { recipe: { epochs: 2, learningRate: 0.05 } },
    ),
    channels('channels-50-gradual', 'half of the channels, during training', { keep: 0.5, when: 'gradual' }, { timed: true }),
    channels('channels-25-gradual', 'a quarter stays, during training', { keep: 0.25, when: 'gradual' }),
  ],
  expectations: [
    { says: '40 % smaller', row: 'volume-40-1', measure: 'smaller', atLeast: 1 / 0.6 },
    { says: 'accuracy back (within 0.3 points) after 1 epoch', row: 'volume-40-1', measure: 'change', atLeast: -0.003 },
    { says: 'accuracy back after 2 epochs', row: 'volume-40-2', measure: 'change', atLeast: -0.003 },
    { says: 'at a high learning rate', row: 'volume-40-2-high', measure: 'change', atLeast: -0.003 },
    {
      says: 'during training better than after it (half)',
      row: 'channels-50-gradual',
      measure: { over: 'channels-50' },
      atLeast: 0,
    },
    {
      says: 'during training better than after it (a quarter)',
      row: 'channels-25-gradual',
      measure: { over: 'channels-25' },
      atLeast: 0,
    },
  ],
  remark:
    'All layers lose the same share here, at once. Without fine-tuning that costs far more than the 3 % of the claim: the statistics of BatchNormalization no longer fit. Before training (at initialisation) is what the controls are: the same shape from new weights, trained as long as the baseline and the fine-tuning together.',
};

const without = (name: string, what: string, at: string): Row => ({
  name,
  what,
  network: 'resnet',
  techniques: { drop: [{ at, settings: { use: false } }] },
});

export const layers: Claim = {
  technique: 'layer pruning',
  claim: 'aggressive; needs search',
  rows: [
    without('without-block-1', 'without the first residual branch', 'stage1*'),
    without('without-block-2', 'without the second', 'stage2*'),
    without('without-block-3', 'without the third', 'stage3*'),
    { ...without('without-blocks', 'without all of them', '*'), control: true },
  ],
  expectations: [
    { says: 'aggressive: without all of them 10 times smaller', row: 'without-blocks', measure: 'smaller', atLeast: 10 },
    { says: 'too much: more than 5 points lost', row: 'without-blocks', measure: 'change', atMost: -0.05 },
    { says: 'which one matters: without the third 3 times smaller', row: 'without-block-3', measure: 'smaller', atLeast: 3 },
    { says: 'that within 2 points', row: 'without-block-3', measure: 'change', atLeast: -0.02 },
  ],
  remark: 'Which branch goes decides what it costs and what it saves: that is what the search is for.',
};
