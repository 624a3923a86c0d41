/** Entry of the process that tries one setup: a driver that crashes takes nothing else with it. */
import type { EngineSetup } from '../network/engine/choice.ts';
import { selfTest } from '../network/engine/select/self-test.ts';

export interface ProbeRequest {
  readonly setup: EngineSetup;
  /** Refuse what is right but slow. */
  readonly quick: boolean;
}

export interface ProbeReply {
  /** Why it cannot be used; absent where it can. */
  readonly reason?: string;
}

process.once('message', ({ setup, quick }: ProbeRequest) => {
  void selfTest(setup, { quick }).then((reason) => {
    process.send?.({ ...(reason === undefined ? {} : { reason }) } satisfies ProbeReply, () => process.exit());
  });
});
