import type { Progress } from '../../core/trial.ts';

/** What work that goes in steps asks of the place where it runs. */
export interface EngineHooks {
  /** Called between steps; may wait, and throws when the work must end. Whatever was open is released then. */
  checkpoint(): void;
  progress(progress: Progress): void;
}
