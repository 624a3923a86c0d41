import type { Command } from 'commander';
import { wholeNumber } from '../options.ts';
import { csvOption, dbOption, jsonOption, studyOption } from './common.ts';

/** Declares the commands that show what a study has, and what it means. */
export function addLooks(nas: Command): void {
  nas
    .command('ls')
    .description('every trial of a study')
    .addOption(studyOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .addOption(csvOption())
    .action(async (flags) => (await import('../commands/ls.ts')).ls(flags));
  nas
    .command('front')
    .description('the Pareto front: no other trial is better in every objective')
    .addOption(studyOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .addOption(csvOption())
    .action(async (flags) => (await import('../commands/front.ts')).front(flags));
  nas
    .command('show')
    .description('one trial: its metrics and its choices layer by layer')
    .argument('<trial>', 'number of the trial', wholeNumber(0))
    .addOption(studyOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .addOption(csvOption())
    .action(async (trial, flags) => (await import('../commands/show.ts')).show(trial, flags));
  nas
    .command('explain')
    .description("what each of a trial's choices gains and costs: undoes them one by one, and trains and measures again")
    .argument('<trial>', 'number of the trial', wholeNumber(0))
    .option('--quick', 'without training: minutes become seconds')
    .option('--workers <n>', 'trainings at a time (default: one per core, at most 8)', wholeNumber(1))
    .addOption(studyOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (trial, flags) => {
      const { explainTrial } = await import('../commands/explain.ts');
      process.exitCode = await explainTrial(trial, flags);
    });
}
