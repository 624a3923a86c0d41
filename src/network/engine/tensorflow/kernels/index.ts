/**
 * What the engine `tensorflow` computes each op by, in families like ir/ops. To add one: its kernel in the file of its
 * family. A training op without a kernel is expanded by the portable lowering.
 */
import type { Kernels } from '../kernel.ts';
import { binaryKernels } from './binary.ts';
import { convolutionKernels } from './convolution.ts';
import { linearKernels } from './linear.ts';
import { normalizationKernels } from './normalization.ts';
import { poolingKernels } from './pooling.ts';
import { quantizationKernels } from './quantization.ts';
import { reductionKernels } from './reduction.ts';
import { shapingKernels } from './shaping.ts';
import { slicingKernels } from './slicing.ts';
import { unaryKernels } from './unary.ts';

export const kernels: Kernels = {
  ...unaryKernels,
  ...binaryKernels,
  ...linearKernels,
  ...convolutionKernels,
  ...poolingKernels,
  ...normalizationKernels,
  ...shapingKernels,
  ...slicingKernels,
  ...reductionKernels,
  ...quantizationKernels,
};
