/**
 * Where studies live. Add one: a file that implements `TrialStore` (core/store.ts), a line here, and a line in the
 * list of test/conformance/stores.test.ts.
 */
export { checkFile } from './check.ts';
export { openControl } from './control.ts';
export { createMemoryStore } from './memory.ts';
export type { OptunaDistribution, OptunaParameter, OptunaStudy, OptunaTrial } from './optuna/study.ts';
export { writeOptuna } from './optuna/write.ts';
export { applyEvent, emptyView, readStudy, type StudyView } from './read-model.ts';
export { openStore } from './sqlite.ts';
