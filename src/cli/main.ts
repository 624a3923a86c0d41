#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { exitCodes, NasError } from '../core/errors.ts';
import { addCompletion } from './completion.ts';
import { versions } from './compose.ts';
import { addBench } from './declare/bench.ts';
import { addMachine } from './declare/machine.ts';
import { addReplicate } from './declare/replicate.ts';
import { addScheduleOptions } from './declare/schedule.ts';
import { addStartOptions, declareStart } from './declare/start.ts';
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
  addReplicate(nas, [studyOption(), dbOption(), jsonOption()]);
  addShip(nas);
  addSpaces(nas);
  addBench(nas);
  addMachine(nas);
  return nas;
}

const examples = `
Examples:
  nas search --space resnet.yaml --trials 100    search; run it again to resume
  nas front                                      the Pareto front of the last study
  nas show 37                                    what trial 37 does to every layer
  nas pick                                       which model to ship, and why
  nas export --out model                         that model, with a certificate

Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted (the study can be resumed).`;

const dbOption = () => new Option('--db <file>', 'database of studies').default('nas.db').env('NAS_DB');
const studyOption = () => new Option('--study <name>', 'name of the study (default: the latest)');
const ruleOption = () => new Option('--rule <name>', 'how to choose (nas pick lists the rules; default: margin)');
const jsonOption = () => new Option('--json', 'for programs');

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

function addLooks(nas: Command): void {
  nas
    .command('ls')
    .description('every trial of a study')
    .addOption(studyOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (flags) => (await import('./commands/ls.ts')).ls(flags));
  nas
    .command('front')
    .description('the Pareto front: no other trial is better in every objective')
    .addOption(studyOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (flags) => (await import('./commands/front.ts')).front(flags));
  nas
    .command('show')
    .description('one trial: its metrics and its choices layer by layer')
    .argument('<trial>', 'number of the trial', wholeNumber(0))
    .addOption(studyOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (trial, flags) => (await import('./commands/show.ts')).show(trial, flags));
}

function addShip(nas: Command): void {
  nas
    .command('pick')
    .description('one model of the front by a rule, its runner-up, and what would turn the choice')
    .addOption(ruleOption())
    .addOption(studyOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (flags) => (await import('./commands/pick.ts')).pickModel(flags));
  nas
    .command('export')
    .description('copy a measured model, measure it again on validation and test data, and certify it')
    .option(
      '--trial <n>',
      'which trial (default: the smallest within 1 point of the baseline, under the constraints)',
      wholeNumber(0),
    )
    .addOption(ruleOption().conflicts('trial'))
    .option('--out <dir>', 'folder to write; must not exist yet or be empty')
    .option('--format <names...>', 'further formats beside model.onnx: c (array and header)')
    .addOption(
      new Option('--optuna <file>', 'instead: the whole study as an SQLite file for Optuna and optuna-dashboard').conflicts([
        'out',
        'trial',
        'rule',
      ]),
    )
    .addOption(studyOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (flags) => (await import('./commands/export.ts')).runExport(flags));
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
