/** How TensorFlow.js does what an ONNX node does, by the op's name. To add one: an entry in the file of its family. */
import { elementwiseRules } from './elementwise.ts';
import { linearRules } from './linear.ts';
import { quantizationRules } from './quantization.ts';
import type { Rule } from './rule.ts';
import { shapingRules } from './shaping.ts';
import { windowRules } from './windows.ts';

export const rules: Readonly<Record<string, Rule | undefined>> = {
  ...elementwiseRules,
  ...linearRules,
  ...quantizationRules,
  ...shapingRules,
  ...windowRules,
};
