/**
 * The portable lowering within the limits of WebGPU: an op may touch only a few buffers at a time, and onnxruntime's
 * provider has no FusedMatMul and no positions of a pooling's maxima.
 */
import type { Node } from '../../../ir/graph.ts';
import { emitAll } from '../expand.ts';
import type { Emission, Lowering } from '../lowering.ts';
import { portable } from '../portable/index.ts';
import { grouped } from './convolution.ts';
import { fusedMatMul } from './linear.ts';
import { maxPoolGrad } from './pooling.ts';
import { concat, split } from './slicing.ts';

const emissions: Readonly<Record<string, Emission>> = {
  'com.microsoft:FusedMatMul': fusedMatMul,
  ':Conv': grouped,
  ':ConvTranspose': grouped,
  ':Split': split,
  ':Concat': concat,
};

/** Training ops that cannot take the portable form. */
const ownForm = ({ op, domain }: Node): Emission | undefined =>
  domain === 'espalier' && op === 'MaxPoolGrad' ? maxPoolGrad : undefined;

const emissionFor = ({ domain, op }: Node): Emission | undefined => emissions[`${domain}:${op}`];

export const webgpu: Lowering = {
  name: 'webgpu',
  summary: 'the portable one within the limits of WebGPU',
  devices: ['webgpu'],
  lower: (graph) => emitAll(portable.lower(emitAll(graph, ownForm)), emissionFor),
};
