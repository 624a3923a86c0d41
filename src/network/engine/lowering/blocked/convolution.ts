import type { Shape } from '../../../ir/graph.ts';
import { readInt } from '../../../ir/ops/support/attributes.ts';
import { range } from '../../../ir/ops/support/shapes.ts';
import { windowOf } from '../../../ir/ops/support/window.ts';
import { type ConvCall, isNarrow, type Layouts, paddedVector } from './layouts.ts';
import type { Rule, RuleContext } from './rule.ts';
import { depthwiseWeight, forwardWeight, stemWeight } from './weights.ts';

/** Conv: dense, or depthwise (as many groups as channels, in and out). */
export const conv: Rule = (context) => {
  const { layouts, node } = context;
  const [x, weight, bias] = node.inputs as [string, string, string?];
  const kind = kindOf(context, x, layouts.shape(weight));
  if (!kind) return undefined;
  const { kernel, strides, dilations, pads, output } = windowOf(node, layouts.shape(x), layouts.shape(weight).slice(2));
  const [n, k] = [layouts.shape(x)[0]!, layouts.padded(layouts.shape(weight)[0]!)];
  const call: ConvCall = {
    ...operands[kind === 'dense' && isNarrow(layouts, x, layouts.shape(weight)) ? 'stem' : kind](layouts, x, weight),
    ...(bias ? { bias: paddedVector(layouts, layouts.plain(bias)) } : {}),
    attributes: { kernel_shape: kernel, strides, dilations, pads, group: kind === 'depthwise' ? k : 1 },
    shape: [n, k, ...output],
  };
  return [{ conv: call }];
};

/** How a convolution runs; `stem` reads a plain x of fewer channels than a block, as `dense` does where that is faster. */
export type ConvKind = 'dense' | 'stem' | 'depthwise';

/** Undefined where it has no blocked form. `weight` is the shape of the weights. */
export function kindOf({ layouts, node }: RuleContext, x: string, weight: Shape): ConvKind | undefined {
  const [group, channels] = [readInt(node, 'group', 1), layouts.shape(x)[1]!];
  if (!layouts.isImage(x)) return undefined;
  if (group === 1) return channels < layouts.block && !layouts.isBlocked(x) ? 'stem' : 'dense';
  return group === channels && group === weight[0] ? 'depthwise' : undefined;
}

const operands: Readonly<Record<ConvKind, (layouts: Layouts, x: string, weight: string) => Pick<ConvCall, 'x' | 'weight'>>> = {
  dense: (layouts, x, weight) => ({ x: layouts.blocked(x), weight: forwardWeight(layouts, weight) }),
  stem: (layouts, x, weight) => ({ x: layouts.plain(x), weight: stemWeight(layouts, weight) }),
  depthwise: (layouts, x, weight) => {
    const [kh, kw] = layouts.shape(weight).slice(2) as [number, number];
    return { x: layouts.blocked(x), weight: depthwiseWeight(layouts, { weight }, range(0, kh * kw), [kh, kw]) };
  },
};
