/** Entry of the process that measures a shipped file anew; its parent sends one request and reads the replies. */
import { answer, type FurtherRequest, type RemeasureReply, type RemeasureRequest } from './remeasure.ts';

const send = (reply: RemeasureReply) => void process.send?.(reply);

process.once('message', (request: RemeasureRequest | FurtherRequest) => {
  void answer(request, send).then(() => process.disconnect());
});
