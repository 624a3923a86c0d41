import { NasError, pick } from '../../core/errors.ts';
import { checkPlace } from '../../export/written.ts';
import { contenderOf, shippedContenders } from '../bench/contender.ts';
import { saveBenchPicture } from '../bench/picture.ts';
import { benchProblems } from '../bench/problems.ts';
import { openProgress } from '../bench/progress.ts';
import { type BenchSettings, reference, runBench } from '../bench/run.ts';
import { benchText, meanRanks } from '../bench/text.ts';
import { note, print, printJson } from '../output.ts';

/** The options of `nas bench` as they were typed. */
export interface BenchFlags {
  readonly problems?: readonly string[];
  readonly controllers?: readonly string[];
  readonly trials: number;
  readonly seeds: number;
  readonly workers: number;
  readonly picture?: string;
  readonly json?: boolean;
}

const mostWorkers = 64;

/** `nas bench`: every controller on every problem. */
export async function bench(flags: BenchFlags): Promise<void> {
  const settings = settle(flags);
  const progress = openProgress();
  const report = await runBench(settings, progress.report);
  progress.close();
  if (flags.picture !== undefined) {
    await saveBenchPicture(report, flags.picture);
    note(`The curves are in ${flags.picture}.`);
  }
  if (flags.json) printJson({ ...report, meanRanks: meanRanks(report) });
  else print(benchText(report));
}

function settle(flags: BenchFlags): BenchSettings {
  const { trials, seeds, workers, picture } = flags;
  if (workers > mostWorkers) throw new NasError('BAD_OPTION', `--workers ${workers}: at most ${mostWorkers} are simulated.`);
  if (picture !== undefined && !/\.(svg|png)$/.test(picture)) {
    throw new NasError('BAD_OPTION', `--picture ${picture}: give a path that ends in .svg or .png.`);
  }
  if (picture !== undefined) checkPlace('--picture', picture);
  const names = flags.controllers && [...new Set([...flags.controllers, reference])];
  return {
    problems: flags.problems?.map((name) => pick('problem', benchProblems, name)) ?? benchProblems,
    contenders: names?.map(contenderOf) ?? shippedContenders(),
    trials,
    seeds,
    workers,
  };
}
