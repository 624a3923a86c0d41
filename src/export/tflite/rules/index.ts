/** How TensorFlow Lite does what an ONNX node does, by the op's name. To add one: an entry in the file of its family. */
import { choiceRules } from './choices.ts';
import { elementwiseRules } from './elementwise.ts';
import { linearRules } from './linear.ts';
import { normalizationRules } from './normalization.ts';
import type { Rule } from './rule.ts';
import { shapingRules } from './shaping.ts';
import { slicingRules } from './slicing.ts';
import { windowRules } from './windows.ts';

export const rules: Readonly<Record<string, Rule | undefined>> = {
  ...choiceRules,
  ...elementwiseRules,
  ...linearRules,
  ...normalizationRules,
  ...shapingRules,
  ...slicingRules,
  ...windowRules,
};
