/** Entry of the process that tries one setup: a driver that crashes takes nothing else with it. */
import type { EngineSetup } from '../network/engine/choice.ts';
import { selfTest } from '../network/engine/select/self-test.ts';

process.once('message', (setup: EngineSetup) => {
  void selfTest(setup).then((reason) => process.send?.({ reason }, () => process.disconnect()));
});
