/** Entry of the process that measures a shipped file anew; its parent sends one request and reads the replies. */

import { endWithParent } from '../core/with-parent.ts';
import { answer, type FurtherRequest, type RemeasureReply, type RemeasureRequest } from './remeasure.ts';

endWithParent();

/** Resolves when the parent has it, or is gone. */
const send = (reply: RemeasureReply) => new Promise<unknown>((sent) => process.send!(reply, sent));

process.once('message', (request: RemeasureRequest | FurtherRequest) => {
  void answer(request, send).then(() => process.exit());
});
