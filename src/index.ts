/**
 * The library: what a program needs to search without the command line, and to read what was found; and the parts of a search,
 * for trials, spaces and stores of one's own.
 */
export { type SearchOptions, type SearchResult, search } from './cli/library.ts';
export type { Candidate, Plan, Value } from './core/candidate.ts';
export type { Controller, ControllerContext, ControllerDefinition, TrialResult } from './core/controller.ts';
export { NasError } from './core/errors.ts';
export type { LiveEvent, StudyEvent } from './core/event.ts';
export type { Executor, TrialListener, TrialRequest } from './core/executor.ts';
export type { Constraint, Direction, Goal, Metrics, Objective } from './core/objective.ts';
export type { StudyRecord, TrialStore } from './core/store.ts';
export type { MeasuredTrial, Outcome, Progress, Trial } from './core/trial.ts';
export { createInlineExecutor, createPoolExecutor } from './executors/index.ts';
export { controllers } from './search/controllers/index.ts';
export { parseSpace } from './search/space/file/parse.ts';
export type { Space } from './search/space/space.ts';
export { frontOf } from './search/study/progress.ts';
export { runStudy } from './search/study/run.ts';
// One by one: the folder as a whole is declared with types of better-sqlite3, which only development has.
export { createMemoryStore } from './store/memory.ts';
export { readStudy, type StudyView } from './store/read-model.ts';
export { openStore } from './store/sqlite.ts';
export type { Job as TrialJob, TrialHooks, TrialModule } from './trial/protocol.ts';
