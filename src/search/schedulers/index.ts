import type { SchedulerDefinition } from '../../core/scheduler.ts';
import { asha } from './asha.ts';
import { hyperband } from './hyperband.ts';
import { none } from './none.ts';

/**
 * The schedulers. Add one: a file that exports a `SchedulerDefinition` and a line in this list;
 * test/conformance/schedulers.test.ts then runs over it. `Bracket` has the rungs and their order.
 */
export const schedulers: readonly SchedulerDefinition[] = [none, asha, hyperband];
