import { reshape } from '../../../ir/ops/support/gradients.ts';
import { sameShape } from '../../../ir/ops/support/shapes.ts';
import { constant, elementwise } from './elementwise.ts';
import type { ConvCall, Layouts } from './layouts.ts';
import type { Rule, RuleContext } from './rule.ts';

/** Sums join a convolution that waits for its reader. */
export const add: Rule = (context) => {
  const { layouts, node } = context;
  const [left, right] = node.inputs as [string, string];
  const same = sameShape(layouts.shape(left), layouts.shape(right));
  for (const [value, other] of [
    [right, left],
    [left, right],
  ] as const) {
    const call = same && layouts.isImage(other) ? layouts.waiting(value) : undefined;
    if (call && !call.sum && !call.attributes['activation'] && sameShape(call.shape, layouts.paddedShape(value)))
      return [{ conv: joined(layouts, call, other) }];
  }
  return elementwise(context);
};

/** The sum has the shape of the convolution's own output, which may be a view of the value. */
function joined(layouts: Layouts, call: ConvCall, other: string): ConvCall {
  const { b } = layouts;
  const [n] = b.shape(call.x);
  const [batch, channels, ...plane] = call.shape as [number, number, number, number];
  const view = n === batch ? call.shape : [1, batch * channels, ...plane];
  return { ...call, sum: reshape(b, layouts.blocked(other), view) };
}

/** So do activations that onnxruntime's convolution knows and that keep zeros. */
export const relu: Rule = (context) => activated(context, { activation: 'Relu' }) ?? elementwise(context);

export const clip: Rule = (context) => {
  const { layouts, node } = context;
  const [low, high] = [1, 2].map((i) => constant(layouts, node.inputs[i]));
  const known = low?.length === 1 && high?.length === 1 && low[0]! <= 0 && high[0]! >= 0;
  const params = { kind: 'floats', value: [low?.[0] ?? 0, high?.[0] ?? 0] } as const;
  return (known ? activated(context, { activation: 'Clip', activation_params: params }) : undefined) ?? elementwise(context);
};

function activated({ layouts, node }: RuleContext, activation: ConvCall['attributes']): ReturnType<Rule> {
  const call = layouts.waiting(node.inputs[0]!);
  if (!call || call.attributes['activation']) return undefined;
  return [{ conv: { ...call, attributes: { ...call.attributes, ...activation } } }];
}
