/**
 * The portable lowering within the limits of WebGPU: an op may touch only a few buffers at a time, and onnxruntime's
 * provider has no FusedMatMul and no positions of a pooling's maxima.
 */
import type { Node } from '../../../ir/graph.ts';
import { emitAll } from '../expand.ts';
import type { Emission, Lowering } from '../lowering.ts';
import { portable } from '../portable/index.ts';
import { convWeightGrad } from './conv-weight-grad.ts';
import { grouped } from './convolution.ts';
import { fusedMatMul } from './linear.ts';
import { equal, logSoftmax } from './loss.ts';
import { batchNormGrad, batchNormTrain } from './normalization.ts';
import { maxPoolGrad } from './pooling.ts';
import { concat, split } from './slicing.ts';

const emissions: Readonly<Record<string, Emission>> = {
  'com.microsoft:FusedMatMul': fusedMatMul,
  ':Conv': grouped,
  ':ConvTranspose': grouped,
  ':Split': split,
  ':Concat': concat,
  ':LogSoftmax': logSoftmax,
  ':Equal': equal,
};

/** Training ops that cannot take the portable form, or are slower in it: what counts on a GPU is the number of programs. */
const ownForms: Readonly<Record<string, Emission>> = {
  BatchNormTrain: batchNormTrain,
  BatchNormGrad: batchNormGrad,
  ConvWeightGrad: convWeightGrad,
  MaxPoolGrad: maxPoolGrad,
};

const ownForm = ({ op, domain }: Node): Emission | undefined => (domain === 'espalier' ? ownForms[op] : undefined);

const emissionFor = ({ domain, op }: Node): Emission | undefined => emissions[`${domain}:${op}`];

export const webgpu: Lowering = {
  name: 'webgpu',
  summary: 'the portable one within the limits of WebGPU',
  devices: ['webgpu'],
  lower: (graph) => emitAll(portable.lower(emitAll(graph, ownForm)), emissionFor),
};
