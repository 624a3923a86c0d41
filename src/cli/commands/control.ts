import type { StudyCommand } from '../../core/control.ts';
import { exitCodes } from '../../core/errors.ts';
import { openControl, openStore } from '../../store/index.ts';
import { sendCommand } from '../control-client.ts';
import type { StudyOptions } from '../options.ts';
import { note, print } from '../output.ts';
import { chooseStudy } from '../study-facts.ts';

/** `nas control`: has one command carried out by the search that runs the study. Returns the exit code. */
export async function control(command: StudyCommand, options: StudyOptions): Promise<number> {
  const store = openStore(options.db, { mode: 'read' });
  const channel = openControl(options.db, 'watch');
  try {
    const { name: study } = chooseStudy(store, options);
    const isRunning = () => store.holder(study) !== undefined;
    const answer = await sendCommand({ db: options.db, study, channel, isRunning }, command);
    if (answer.done) print(answer.message);
    else note(answer.message);
    return answer.done ? exitCodes.ok : exitCodes.failure;
  } finally {
    channel.close();
    store.close();
  }
}
