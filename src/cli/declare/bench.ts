import { type Command, Option } from 'commander';
import { listOfNames, wholeNumber } from '../options.ts';

/** Declares `nas bench`. */
export function addBench(nas: Command): void {
  nas
    .command('bench')
    .description('compare the controllers on problems with known fronts and on recorded trials; costs no training')
    .option('--problems <names>', 'which, separated by commas (default: all)', listOfNames)
    .option(
      '--controllers <names>',
      'names, or files of your own, separated by commas; random is always there as the reference (default: all)',
      listOfNames,
    )
    .option('--trials <n>', 'trials of every search', wholeNumber(1), 100)
    .option('--seeds <n>', 'searches of each controller on each problem', wholeNumber(1), 20)
    .option('--workers <n>', 'simulated workers, 1 to 64', wholeNumber(1), 1)
    .option('--picture <file>', 'also draw the curves: a path that ends in .svg or .png')
    .addOption(new Option('--json', 'for programs'))
    .action(async (flags) => (await import('../commands/bench.ts')).bench(flags));
}
