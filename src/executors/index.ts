/**
 * Where trials run. Add one: a file that implements `Executor` (core/executor.ts), a line here, and a line in the
 * list of test/conformance/executors.test.ts.
 */
export { createInlineExecutor } from './inline.ts';
export { createPoolExecutor, type PoolOptions } from './pool.ts';
export { createReplayExecutor, type ReplayExecutor } from './replay.ts';
