import type { ControllerDefinition } from '../../core/controller.ts';
import type { Space } from '../space/space.ts';
import { aging } from './aging.ts';
import { evolution } from './evolution.ts';
import { grid } from './grid.ts';
import { policy, policyPpo, policyRnn } from './policy/policy.ts';
import { random } from './random.ts';
import { surrogate } from './surrogate/surrogate.ts';
import { tpe } from './tpe/tpe.ts';

/**
 * The controllers. Add one: a file that exports a `ControllerDefinition<Space>` and a line in this list;
 * test/conformance/controllers.test.ts then runs over it. `Proposals` finds candidates that are new.
 */
export const controllers: readonly ControllerDefinition<Space>[] = [
  evolution,
  aging,
  tpe,
  surrogate,
  policy,
  policyPpo,
  policyRnn,
  random,
  grid,
];
