import { type Command, Option } from 'commander';
import { wholeNumber } from '../options.ts';

/** Commands on what comes before a search. */
export function declareStart(nas: Command): void {
  nas
    .command('sensitivity')
    .description('what every choice that a space allows costs on its own: accuracy, bytes, MACs, without fine-tuning')
    .requiredOption('--space <file>', 'space file: a path, or the name of a bundled one (nas spaces)')
    .option('--workers <n>', 'choices at a time (default: one per core, at most 8)', wholeNumber(1))
    .option('--out <file>', 'write a chart, too: an SVG picture')
    .addOption(new Option('--json', 'for programs'))
    .action(async (flags) => {
      const { sensitivity } = await import('../commands/sensitivity.ts');
      process.exitCode = await sensitivity(flags);
    });
}
