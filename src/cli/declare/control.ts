import { type Command, InvalidArgumentError } from 'commander';
import type { StudyCommand } from '../../core/control.ts';
import type { StudyOptions } from '../options.ts';
import { duration, wholeNumber } from '../options.ts';
import { dbOption, studyOption } from './common.ts';

/** Declares the command that looks at a study from another terminal. */
export function addWatch(nas: Command): void {
  nas
    .command('watch')
    .description('the dashboard of a study that runs in another terminal, or has run')
    .addOption(studyOption())
    .addOption(dbOption())
    .option('--json', 'stream its events as NDJSON')
    .option('--plain', 'plain lines instead of the dashboard')
    .action(async (flags) => {
      const { watch } = await import('../commands/watch.ts');
      process.exitCode = await watch(flags);
    });
}

/** Declares the commands that change a study while a search runs it in another terminal. */
export function addControl(nas: Command): void {
  const control = nas.command('control').description('change a running search from another terminal');
  const add = (usage: string, description: string) =>
    control.command(usage).description(description).addOption(studyOption()).addOption(dbOption());
  const simple = (usage: string, description: string, command: StudyCommand) =>
    add(usage, description).action((flags: StudyOptions) => run(command, flags));
  simple('pause', 'running trials wait between two steps', { type: 'pause' });
  simple('resume', 'they go on', { type: 'resume' });
  simple('stop', 'end the search; it can be resumed', { type: 'stop' });
  add('add', 'more trials, or with -- -20 fewer')
    .argument('<trials>', 'how many', wholeChange)
    .action((trials: number, flags: StudyOptions) => run({ type: 'add-trials', trials }, flags));
  add('time', 'how long the session may take in all: 90s, 15m, 2h, none')
    .argument('<time>', 'as with nas search --time', (text) => (text === 'none' ? null : duration(text)))
    .action((seconds: number | null, flags: StudyOptions) => run({ type: 'time', seconds }, flags));
  add('end-trial', 'end one running trial for good')
    .argument('<trial>', 'its number', wholeNumber(0))
    .action((trial: number, flags: StudyOptions) => run({ type: 'stop-trial', trial }, flags));
  for (const favourite of [true, false]) {
    add(favourite ? 'mark' : 'unmark', favourite ? 'make a trial a favourite; works without a search too' : 'take the mark away')
      .argument('<trial>', 'its number', wholeNumber(0))
      .action((trial: number, flags: StudyOptions) => run({ type: 'favourite', trial, favourite }, flags));
  }
}

async function run(command: StudyCommand, flags: StudyOptions): Promise<void> {
  const { control } = await import('../commands/control.ts');
  process.exitCode = await control(command, flags);
}

function wholeChange(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value === 0) throw new InvalidArgumentError('Expected a whole number such as 20 or -20.');
  return value;
}
