import type { TrialRequest } from '../core/executor.ts';
import type { Job } from '../trial/protocol.ts';

/** What a job says beside the plan: the part of the training to run, or that nothing is trained; from which weights; on which data. */
export const kindOf = ({ rung, probe, test, fresh }: TrialRequest): Pick<Job, 'rung' | 'probe' | 'test' | 'fresh'> => ({
  ...(rung ? { rung } : {}),
  ...(probe ? { probe } : {}),
  ...(test ? { test } : {}),
  ...(fresh ? { fresh } : {}),
});
