/**
 * Standard ONNX (opset 17) that any runtime has, and com.microsoft's FusedMatMul: a MatMul that reads an operand
 * transposed. One emission per training op.
 */
import { expand } from '../expand.ts';
import type { Emission, Lowering } from '../lowering.ts';
import { convInputGrad } from './conv-input-grad.ts';
import { convWeightGrad } from './conv-weight-grad.ts';
import { reluGrad, softmaxCrossEntropy } from './elementwise.ts';
import { batchNormGrad, batchNormTrain } from './normalization.ts';
import { averagePoolGrad, maxPoolGrad } from './pooling.ts';
import { fakeQuant, fakeQuantGrad } from './quantization.ts';

/** By op. */
export const emissions: Readonly<Record<string, Emission>> = {
  ReluGrad: reluGrad,
  SoftmaxCrossEntropy: softmaxCrossEntropy,
  BatchNormTrain: batchNormTrain,
  BatchNormGrad: batchNormGrad,
  ConvInputGrad: convInputGrad,
  ConvWeightGrad: convWeightGrad,
  MaxPoolGrad: maxPoolGrad,
  AveragePoolGrad: averagePoolGrad,
  FakeQuant: fakeQuant,
  LearnedFakeQuant: fakeQuant,
  FakeQuantGrad: fakeQuantGrad,
};

export const portable: Lowering = {
  name: 'portable',
  summary: 'standard ONNX operators on plain NCHW tensors',
  devices: ['cpu', 'cuda'],
  lower: (graph) => expand(graph, emissions),
};
