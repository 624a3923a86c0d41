#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { exitCodes, NasError } from '../core/errors.ts';
import { addCompletion } from './completion.ts';
import { versions } from './compose.ts';
import { addBench } from './declare/bench.ts';
import { dbOption, jsonOption, studyOption } from './declare/common.ts';
import { addControl, addWatch } from './declare/control.ts';
import { addLooks } from './declare/looks.ts';
import { addMachine } from './declare/machine.ts';
import { addReplicate } from './declare/replicate.ts';
import { addScheduleOptions } from './declare/schedule.ts';
import { addScreens } from './declare/screens.ts';
import { addShip } from './declare/ship.ts';
import { addStartOptions, declareStart } from './declare/start.ts';
import { addTrust } from './declare/trust.ts';
import { describeError, duration, memorySize, messageOf, wholeNumber } from './options.ts';
import { note, surviveClosedPipes } from './output.ts';

/** The command line: argv → one command. Every command is loaded when it is called, so that `--help` stays quick. */
function program(): Command {
  const nas = new Command('nas')
    .description(
      'Searches, layer by layer, how to compress a network; hands back a Pareto front of exported, re-measured models.',
    )
    .version(versions().espalier)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(nas --help shows examples)')
    .addHelpText('after', examples);
  addSearch(nas);
  declareStart(nas);
  addLooks(nas);
  addScreens(nas);
  addReplicate(nas, [studyOption(), dbOption(), jsonOption()]);
  addShip(nas);
  addTrust(nas);
  addSpaces(nas);
  addWatch(nas);
  addControl(nas);
  addBench(nas);
  addMachine(nas);
  return nas;
}

const examples = `
Examples:
  nas search --space resnet.yaml --trials 100    search; run it again to resume
  nas front                                      the Pareto front of the last study
  nas watch                                      the dashboard, from another terminal
  nas show 37                                    what trial 37 does to every layer
  nas pick                                       which model to ship, and why
  nas export --out model                         that model, with a certificate

Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted (the study can be resumed).`;

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
    .option('--engine <name>', 'what trains them: auto, onnxruntime, tensorflow')
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

function addSpaces(nas: Command): void {
  nas
    .command('spaces')
    .description('the bundled search spaces')
    .action(async () => (await import('./commands/spaces.ts')).spaces());
  nas
    .command('schema')
    .description('JSON Schema of space files, for editors')
    .action(async () => (await import('./commands/schema.ts')).schema());
}

/** The exit code of an error, after it was told. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput;
  if (error instanceof NasError) {
    note(describeError(error));
    return error.exitCode;
  }
  note(`error: ${messageOf(error)}`);
  if (error instanceof Error && error.stack && process.env['NAS_DEBUG']) note(error.stack);
  return exitCodes.failure;
}

surviveClosedPipes();
try {
  const nas = program();
  await addCompletion(nas, process.argv);
  await nas.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
