import type { Speed, SpeedReply, SpeedRequest } from '../trial/speed-process.ts';
import { startProcess } from './process.ts';

/** The speed, or why there is none. */
export function speedInProcess(request: SpeedRequest, tick: () => void = () => undefined): Promise<Speed | string> {
  return new Promise((resolve) => {
    const child = startProcess('../trial/speed-process', import.meta.url);
    child.on('message', (reply: SpeedReply) => {
      if (reply.type === 'progress') tick();
      else resolve(reply.type === 'done' ? reply.speed : reply.reason);
    });
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(`the process that timed it ended (${signal ?? `exit code ${code}`}).`));
    child.send(request);
  });
}
