/** Entry of the process that measures a shipped file anew; its parent sends one request and reads the replies. */
import { answer, type RemeasureReply, type RemeasureRequest } from './remeasure.ts';

const send = (reply: RemeasureReply) => void process.send?.(reply);

process.once('message', (request: RemeasureRequest) => {
  void answer(request, send).then(() => process.disconnect());
});
