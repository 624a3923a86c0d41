import { type Command, InvalidArgumentError, Option } from 'commander';
import { wholeNumber } from '../options.ts';

/** Options of a search that say how far trials are trained, and when there is enough. */
export const addScheduleOptions = (command: Command): Command =>
  command
    .option('--scheduler <name>', 'how far trials are trained: none, asha, hyperband (default: none, each to its end)')
    .option(
      '--rungs <epochs>',
      'where a scheduler measures them, e.g. 1,3 (default: a ninth and a third of trial.epochs)',
      numbers,
    )
    .option('--eta <n>', 'one of so many goes on from a rung (default: 3)', number)
    .option('--target <bounds>', 'end when one model meets them: "accuracy >= 91 %, size <= 40kB"')
    .option(
      '--patience <n>',
      'end when the hypervolume has stopped growing for n results; 30 at least, beside the first ones (default: never)',
      wholeNumber(1),
    )
    .addOption(
      new Option('--replicate [seeds]', 'then train the front again with so many other seeds (3)').preset(3).argParser(seeds),
    )
    .option('--look-ahead <n>', 'jobs under way at most; results depend on it, not on workers (default: 8)', wholeNumber(1));

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

const numbers = (text: string): number[] => text.split(',').map(number);

/** A preset comes as a number. */
const seeds = (text: string | number): number => wholeNumber(2)(String(text));
