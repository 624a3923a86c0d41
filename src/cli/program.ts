import { Command, Option } from 'commander';
import { addBench } from './declare/bench.ts';
import { dbOption, jsonOption, studyOption } from './declare/common.ts';
import { addControl, addWatch } from './declare/control.ts';
import { addFirstSteps } from './declare/first-steps.ts';
import { addLooks } from './declare/looks.ts';
import { addMachine } from './declare/machine.ts';
import { addReplicate } from './declare/replicate.ts';
import { addScheduleOptions } from './declare/schedule.ts';
import { addScreens } from './declare/screens.ts';
import { addShip } from './declare/ship.ts';
import { addStartOptions, declareStart } from './declare/start.ts';
import { addTrust } from './declare/trust.ts';
import { helpOf, programHelp } from './help.ts';
import { duration, memorySize, wholeNumber } from './options.ts';
import { note } from './output.ts';
import { versions } from './versions.ts';

/** What can be typed. Every command is loaded when it is called, so that `--help` stays quick. */
export function program(): Command {
  const nas = new Command('nas')
    .description(
      'Searches, layer by layer, how to compress a network; hands back a Pareto front of exported, re-measured models.',
    )
    .version(versions().espalier)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text) => note(text.trimEnd()) })
    .showHelpAfterError('(nas help COMMAND shows options and examples)')
    .addHelpText('after', programHelp());
  addFirstSteps(nas);
  addSearch(nas);
  declareStart(nas);
  addLooks(nas);
  addScreens(nas);
  addReplicate(nas, [studyOption(), dbOption(), jsonOption()]);
  addShip(nas);
  addTrust(nas);
  addWatch(nas);
  addControl(nas);
  addBench(nas);
  addMachine(nas);
  for (const command of nas.commands) command.addHelpText('after', helpOf(command.name()));
  return nas;
}

function addSearch(nas: Command): void {
  const command = nas
    .command('search')
    .description('search a space; an existing study goes on where it stopped')
    .requiredOption('--space <file>', 'space file: a path, or the name of a bundled one (nas spaces)')
    .option(
      '--trials <n>',
      'trials in all, the baseline and earlier sessions included (default: the space, else 100)',
      wholeNumber(1),
    )
    .option('--time <t>', 'start no more trials after this time: 90s, 15m, 2h', duration)
    .option('--workers <n>', 'trials at a time (default: one per core, at most 8)', wholeNumber(1))
    .option('--memory <size>', 'memory of all workers together: 4GB, 900MB (default: 3/4 of the machine)', memorySize)
    .option('--deadline <t>', 'a trial that takes longer fails: 90s, 15m, 2h (default: none)', duration)
    .option('--seed <seed>', 'equal seeds give equal candidates and metrics, for any number of workers')
    .option('--device <name>', 'where networks are trained: auto, cpu, cuda, webgpu (nas doctor shows what works here)')
    .option('--engine <name>', 'what trains them: auto, onnxruntime, shaders, tensorflow')
    .option(
      '--controller <name>',
      'what proposes candidates: auto, a name (nas bench compares them), or your own file, ./mine.js',
    );
  addScheduleOptions(addStartOptions(command))
    .addOption(new Option('--study <name>', 'name of the study (default: the name in the space file)'))
    .addOption(dbOption())
    .option('--json', 'stream events as NDJSON')
    .option('--plain', 'plain lines instead of the dashboard')
    .action(async (flags) => {
      const { search } = await import('./commands/search.ts');
      process.exitCode = await search(flags);
    });
}
