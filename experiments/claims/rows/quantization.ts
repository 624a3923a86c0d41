import type { SiteSettings } from '../../../src/core/candidate.ts';
import type { Claim, Row } from '../row.ts';

const quantized = (name: string, what: string, settings: SiteSettings, more: Partial<Row> = {}): Row => ({
  name,
  what,
  network: 'resnet',
  techniques: { quantize: { bits: 8, ...settings } },
  ...more,
});

/** Fewer bits than 8 inside the network; its first and last layer have 8. */
const low = (name: string, what: string, bits: number, settings: SiteSettings, more: Partial<Row> = {}): Row => ({
  name,
  what,
  network: 'resnet',
  techniques: { quantize: [{ settings: { ...settings, bits: 8 } }, { at: 'stage*', settings: { ...settings, bits } }] },
  ...more,
});

export const afterTraining: Claim = {
  technique: 'post-training quantization',
  claim: '4× smaller, 2–3× faster, 0.5–2 % loss',
  rows: [
    quantized('int8', 'INT8 static, per channel, min-max', {}),
    quantized('int8-percentile', 'percentile', { calibration: 'percentile' }),
    quantized('int8-entropy', 'entropy', { calibration: 'entropy' }),
    quantized('int8-mse', 'squared error', { calibration: 'mse' }),
    quantized('int8-per-tensor', 'INT8, per tensor', { weights: 'per-tensor' }),
    quantized('int8-equalized', 'INT8, per tensor, layers equalized', { weights: 'per-tensor', equalize: true }),
    low('weights-4-per-tensor', '4-bit weights, per tensor', 4, { mode: 'weight-only', weights: 'per-tensor' }),
    low('weights-4-equalized', '4-bit weights, per tensor, layers equalized', 4, {
      mode: 'weight-only',
      weights: 'per-tensor',
      equalize: true,
    }),
    quantized('wide-int8', 'INT8, wide network', {}, { network: 'wide' }),
    quantized('mlp-int8', 'INT8 static, dense layers', {}, { network: 'mlp' }),
    quantized('mlp-int8-dynamic', 'INT8 dynamic, dense layers', { mode: 'dynamic' }, { network: 'mlp' }),
    quantized('weights-8', '8-bit weights, float activations', { mode: 'weight-only' }),
    low('weights-4', '4-bit weights', 4, { mode: 'weight-only' }),
    low('weights-4-group', '4-bit weights, groups of 32', 4, { mode: 'weight-only', group: 32 }),
    low('weights-4-bias', '4-bit weights, bias corrected', 4, { mode: 'weight-only', bias: 'corrected' }),
    low('weights-3', '3-bit weights', 3, { mode: 'weight-only' }),
    low('weights-2', '2-bit weights', 2, { mode: 'weight-only' }),
    low('int4', '4-bit weights, INT8 activations', 4, {}),
  ],
  expectations: [
    { says: 'narrow network 4 times smaller', row: 'int8', measure: 'smaller', atLeast: 3.8 },
    { says: 'wide network 4 times smaller', row: 'wide-int8', measure: 'smaller', atLeast: 3.8 },
    { says: 'narrow network 2 times faster', row: 'int8', measure: 'faster', atLeast: 2 },
    { says: 'wide network 2 times faster', row: 'wide-int8', measure: 'faster', atLeast: 2 },
    { says: 'dense layers 2 times faster, dynamic', row: 'mlp-int8-dynamic', measure: 'faster', atLeast: 2 },
    { says: 'INT8 within half a point', row: 'int8', measure: 'change', atLeast: -0.005 },
    {
      says: 'equalizing layers helps 4 bits per tensor',
      row: 'weights-4-equalized',
      measure: { over: 'weights-4-per-tensor' },
      atLeast: 0,
    },
    { says: '4-bit weights within 2 points', row: 'weights-4', measure: 'change', atLeast: -0.02 },
  ],
  remark:
    'No training at all. What the file holds beside weights (nodes, scales, biases) does not shrink: in a narrow network that keeps it below 4 times smaller. Weights of fewer bits are unpacked when the file is loaded, and run at the speed of floats (weight-only) or INT8. Equalization is for networks whose channels differ much, such as depthwise ones (a test has one that it saves); those of this ResNet do not.',
};

export const whileTraining: Claim = {
  technique: 'quantization-aware training',
  claim: 'loss ≤ 0.3 %, training 30–50 % slower',
  rows: [
    quantized('qat-8', 'INT8, learned steps', { mode: 'qat' }, { timed: true, recipe: { learningRate: 0.01 } }),
    quantized(
      'qat-8-fixed',
      'INT8, fixed steps',
      { mode: 'qat', step: 'fixed' },
      { timed: true, recipe: { learningRate: 0.01 } },
    ),
    low('qat-4', '4-bit weights, learned steps', 4, { mode: 'qat' }, { recipe: { learningRate: 0.01 } }),
    low('qat-3', '3-bit weights', 3, { mode: 'qat' }, { recipe: { learningRate: 0.01 } }),
    low('qat-2', '2-bit weights', 2, { mode: 'qat' }, { recipe: { learningRate: 0.01 } }),
    quantized('mlp-qat-8', 'INT8, dense layers', { mode: 'qat' }, { network: 'mlp', timed: true }),
  ],
  expectations: [
    { says: 'INT8 within 0.3 points', row: 'qat-8', measure: 'change', atLeast: -0.003 },
    { says: '4 bits within 0.3 points', row: 'qat-4', measure: 'change', atLeast: -0.003 },
    { says: '4 bits better than after training', row: 'qat-4', measure: { over: 'int4' }, atLeast: 0 },
    { says: 'a step at most 50 % slower', row: 'qat-8', measure: 'step', atMost: 1.5 },
    { says: 'in dense layers too', row: 'mlp-qat-8', measure: 'step', atMost: 1.5 },
    { says: '2 bits: within 3 points', row: 'qat-2', measure: 'change', atLeast: -0.03 },
  ],
  remark:
    'One epoch from the trained dense network. With 8 bits there is little to win over quantization after training; the fewer bits, the more it matters.',
};
