import type { Progress } from '../../core/trial.ts';

/** What work that goes in steps asks of the place where it runs. */
export interface EngineHooks {
  /** Called between steps; may wait, and throws when the work must end. Whatever was open is released then. */
  checkpoint(): void;
  progress(progress: Progress): void;
  /** Runs work that no other thread of the process may do at the same time; what the place has no threads for may leave it out. */
  gpu?<T>(work: () => Promise<T>): Promise<T>;
}
