import { type Command, Option } from 'commander';
import { wholeNumber } from '../options.ts';

/** Options of a search that say what it begins with. */
export const addStartOptions = (command: Command): Command =>
  command
    .option('--start <names>', 'what comes first besides the dense network: anchors, sensitivity, or both with a comma')
    .option('--warm-from <study>', 'begin with the front of an earlier study: NAME, or NAME@FILE for another database')
    .option('--enqueue <what...>', 'try these first: a JSON file with candidates, or "trial 37 of NAME[@FILE]"');

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
  nas
    .command('enqueue')
    .description('candidates that the next search of a study tries first')
    .argument('<what...>', 'a JSON file with candidates, or "trial 37 of NAME[@FILE]"')
    .addOption(new Option('--study <name>', 'name of the study (default: the latest)'))
    .addOption(new Option('--db <file>', 'database of studies').default('nas.db').env('NAS_DB'))
    .action(async (what, flags) => (await import('../commands/enqueue.ts')).enqueue(what, flags));
}
