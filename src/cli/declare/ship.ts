import { type Command, Option } from 'commander';
import { wholeNumber } from '../options.ts';
import { dbOption, jsonOption, ruleOption, studyOption } from './common.ts';

/** Declares the commands that choose a model and ship it. */
export function addShip(nas: Command): void {
  nas
    .command('pick')
    .description('one model of the front by a rule, its runner-up, and what would turn the choice')
    .addOption(ruleOption())
    .addOption(studyOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (flags) => (await import('../commands/pick.ts')).pickModel(flags));
  addExport(nas);
}

function addExport(nas: Command): void {
  nas
    .command('export')
    .description('copy a measured model, measure it again on validation and test data, and certify it')
    .option(
      '--trial <n>',
      'which trial (default: the smallest within 1 point of the baseline, under the constraints)',
      wholeNumber(0),
    )
    .addOption(ruleOption().conflicts('trial'))
    .addOption(new Option('--front', 'every model of the front, with a manifest').conflicts(['trial', 'rule']))
    .option('--out <dir>', 'folder to write; must not exist yet or be empty')
    .option(
      '--format <names...>',
      'further formats beside model.onnx: tflite (LiteRT), web (a page), tfjs and tfjs-layers (TensorFlow.js), c (array and header)',
    )
    .addOption(wholeStudy('--data <file>', 'the study as a table, one row per trial: FILE.csv, .json or .ndjson', 'optuna'))
    .addOption(wholeStudy('--optuna <file>', 'the study as an SQLite file for Optuna and optuna-dashboard', 'data'))
    .addOption(studyOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (flags) => (await import('../commands/export.ts')).runExport(flags));
}

/** Instead of models. */
const wholeStudy = (flags: string, what: string, other: string) =>
  new Option(flags, `instead: ${what}`).conflicts(['out', 'trial', 'rule', 'front', 'format', other]);
