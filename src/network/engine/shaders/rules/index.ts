/**
 * What the engine `shaders` computes each op by, in families like ir/ops. To add one: its rule in the file of its family. An op
 * without a rule is first written as others (expansion.ts).
 */
import { convolutionRules } from './convolution.ts';
import { elementwiseRules } from './elementwise.ts';
import { movementRules } from './movement.ts';
import { productRules } from './product.ts';
import { reductionRules } from './reduction.ts';
import type { Rules } from './rule.ts';
import { windowRules } from './windows.ts';

export const rules: Rules = {
  ...elementwiseRules,
  ...movementRules,
  ...windowRules,
  ...reductionRules,
  ...productRules,
  ...convolutionRules,
};
