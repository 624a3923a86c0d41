import type { Json } from '../core/json.ts';
import { releaseKept } from '../network/engine/engines/kept.ts';
import { prepare } from './prepare.ts';
import type { TrialModule } from './protocol.ts';
import { runTrial } from './run-trial.ts';
import type { TrialSetup } from './setup.ts';
import type { SharedTrialData } from './shared.ts';

/** What the worker threads of the trial host load. */
export const trialModule: TrialModule<SharedTrialData> = {
  prepare: (setup: Json, hooks) => prepare(setup as unknown as TrialSetup, hooks),
  run: runTrial,
  release: releaseKept,
};
