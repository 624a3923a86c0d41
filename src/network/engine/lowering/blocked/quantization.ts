import { quantized, quantizedGrads } from '../portable/quantization.ts';
import type { Layouts } from './layouts.ts';
import type { Rule } from './rule.ts';

/** With one scale, numbers are treated one by one, wherever they lie; zeros behind the last channel stay zeros. */
const fits = (layouts: Layouts, x: string, scale: string): boolean =>
  layouts.isImage(x) && layouts.isBlocked(x) && layouts.shape(scale).length === 0;

export const fakeQuant: Rule = ({ b, layouts, node }) => {
  const [x, scale] = node.inputs as [string, string];
  if (!fits(layouts, x, scale)) return undefined;
  return [{ blocked: quantized(b, node, layouts.blocked(x), layouts.plain(scale)) }];
};

export const fakeQuantGrad: Rule = ({ b, layouts, node }) => {
  const [x, scale] = [node.inputs[1]!, node.inputs[3]!];
  if (!fits(layouts, x, scale)) return undefined;
  const values = node.inputs.slice(0, 3).map((value) => layouts.blocked(value));
  const [dx, dScale] = quantizedGrads(b, node, [...values, layouts.plain(scale)]);
  return [{ blocked: dx }, { plain: dScale }];
};
