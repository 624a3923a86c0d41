/** Entry of the process that tries one setup: a driver that crashes takes nothing else with it. */

import { endWithParent } from '../core/with-parent.ts';
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

async function answer({ setup, quick }: ProbeRequest): Promise<void> {
  const reason = await selfTest(setup, { quick });
  const reply: ProbeReply = reason === undefined ? {} : { reason };
  process.send?.(reply, () => process.exit());
}

endWithParent();
process.once('message', (request: ProbeRequest) => void answer(request));
