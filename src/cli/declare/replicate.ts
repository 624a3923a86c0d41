import { type Command, InvalidArgumentError, type Option } from 'commander';
import { wholeNumber } from '../options.ts';

/** Numbers of trials, `3,7,12`. */
function trialNumbers(text: string): number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.some((number) => !Number.isInteger(number) || number < 0))
    throw new InvalidArgumentError('Expected numbers of trials such as 3,7.');
  return numbers;
}

export function addReplicate(nas: Command, common: readonly Option[]): void {
  const command = nas
    .command('replicate')
    .description('train and measure the front again with other seeds, on validation and test data; goes on where it stopped')
    .option('--seeds <n>', 'trainings of each model, 2 or more', wholeNumber(2), 3)
    .option('--trials <n,n>', 'which trials (default: the front)', trialNumbers)
    .option('--workers <n>', 'trainings at a time (default: one per core, at most 8)', wholeNumber(1));
  for (const option of common) command.addOption(option);
  command.action(async (flags) => {
    const { replicateFront } = await import('../commands/replicate.ts');
    process.exitCode = await replicateFront(flags);
  });
}
