import { readInt } from '../../../ir/ops/support/attributes.ts';
import type { Layouts } from './layouts.ts';
import type { Rule } from './rule.ts';

/** Whole blocks of channels can be joined and cut like any others; only the last part may end within a block. */
const inBlocks = (layouts: Layouts, parts: readonly string[]): boolean =>
  parts.slice(0, -1).every((part) => layouts.isWhole(part));

/** Along the channels, where at least one part is blocked already. */
export const concat: Rule = ({ b, layouts, node }) => {
  const parts = node.inputs;
  const axis = readInt(node, 'axis', 0);
  const fits = parts.every((part) => layouts.isImage(part)) && parts.some((part) => layouts.isBlocked(part));
  if (!fits || (axis + 4) % 4 !== 1 || !inBlocks(layouts, parts)) return undefined;
  const values = parts.map((part) => layouts.blocked(part));
  return [{ blocked: b.op('Concat', values, { axis: 1 }, { name: `${node.outputs[0]!}/blocked` }) }];
};

export const split: Rule = ({ b, layouts, node }) => {
  const [x] = node.inputs as [string];
  const parts = node.outputs;
  const axis = readInt(node, 'axis', 0);
  if (!layouts.isImage(x) || !layouts.isBlocked(x) || (axis + 4) % 4 !== 1 || !inBlocks(layouts, parts)) return undefined;
  const sizes = parts.map((part) => layouts.paddedShape(part)[1]!);
  return b.multi('Split', [layouts.blocked(x), b.ints(sizes)], parts.length, { axis: 1 }).map((blocked) => ({ blocked }));
};
