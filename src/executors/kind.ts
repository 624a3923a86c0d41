import type { TrialRequest } from '../core/executor.ts';
import type { Job } from '../trial/protocol.ts';

/** What a job says beside the plan: the part of the training to run, or that nothing is trained. */
export const kindOf = ({ rung, probe, test }: TrialRequest): Pick<Job, 'rung' | 'probe' | 'test'> => ({
  ...(rung ? { rung } : {}),
  ...(probe ? { probe } : {}),
  ...(test ? { test } : {}),
});
