import { bodiesOf } from '../bodies.ts';
import { elementCount, show, type TensorType } from '../graph.ts';
import type { OpEntry } from '../op.ts';
import { inputType, misfit } from './support/shapes.ts';

/** Ops that run a body or not. */

/** Runs `then_branch` where the condition, one bool, is true, else `else_branch`; the other one costs nothing. Inference only. */
const branches: OpEntry = {
  op: 'If',
  domain: '',
  infer: (context) => {
    const { node } = context;
    const condition = inputType(context, 0);
    if (condition.dtype !== 'bool' || elementCount(condition.shape) !== 1)
      throw misfit(node, `the condition is ${condition.dtype}${show(condition.shape)}, expected one bool`);
    const bodies = bodiesOf(node);
    if (bodies.length !== 2) throw misfit(node, 'it needs the graphs "then_branch" and "else_branch"');
    const [results, others] = bodies.map(({ outputs, types }) => outputs.map((name) => types[name]!));
    if (results!.map(text).join() !== others!.map(text).join())
      throw misfit(node, `its branches give ${results!.map(text).join(', ')} and ${others!.map(text).join(', ')}`);
    return results!;
  },
  grad: 'forbidden',
};

const text = ({ dtype, shape }: TensorType) => `${dtype}${show(shape)}`;

export const controlOps: readonly OpEntry[] = [branches];
