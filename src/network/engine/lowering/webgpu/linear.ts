import type { Builder } from '../../../ir/builder.ts';
import { readFloat, readInt } from '../../../ir/ops/support/attributes.ts';
import { transposeLast } from '../../../ir/ops/support/gradients.ts';
import type { Emission } from '../lowering.ts';

/** alpha · A' · B': the operands transposed first. */
export const fusedMatMul: Emission = ({ b, node }) => {
  const operand = (i: number, flag: string) => turned(b, node.inputs[i]!, readInt(node, flag, 0) === 1);
  const product = b.op('MatMul', [operand(0, 'transA'), operand(1, 'transB')]);
  const alpha = readFloat(node, 'alpha', 1);
  return [alpha === 1 ? product : b.op('Mul', [product, b.scalar(alpha)])];
};

const turned = (b: Builder, value: string, transposed: boolean): string => (transposed ? transposeLast(b, value) : value);
