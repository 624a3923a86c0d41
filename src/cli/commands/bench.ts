import type { ControllerDefinition } from '../../core/controller.ts';
import { NasError, pick } from '../../core/errors.ts';
import { guarded } from '../../search/controllers/guard.ts';
import { controllers } from '../../search/controllers/index.ts';
import type { Space } from '../../search/space/space.ts';
import { saveBenchPicture } from '../bench/picture.ts';
import { benchProblems } from '../bench/problems.ts';
import { openProgress } from '../bench/progress.ts';
import { type BenchSettings, reference, runBench } from '../bench/run.ts';
import { benchText, meanRanks } from '../bench/text.ts';
import { isControllerFile, loadController } from '../controller.ts';
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
  const settings = await settle(flags);
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

async function settle(flags: BenchFlags): Promise<BenchSettings> {
  const { trials, seeds, workers, picture } = flags;
  if (workers > mostWorkers) throw new NasError('BAD_OPTION', `--workers ${workers}: at most ${mostWorkers} are simulated.`);
  if (picture !== undefined && !/\.(svg|png)$/.test(picture)) {
    throw new NasError('BAD_OPTION', `--picture ${picture}: give a path that ends in .svg or .png.`);
  }
  const names = flags.controllers && [...new Set([...flags.controllers, reference])];
  return {
    problems: flags.problems?.map((name) => pick('problem', benchProblems, name)) ?? benchProblems,
    controllers: names ? await Promise.all(names.map(controllerOf)) : controllers,
    trials,
    seeds,
    workers,
  };
}

/** A shipped controller, or that of a user's own file. */
async function controllerOf(name: string): Promise<ControllerDefinition<Space>> {
  return isControllerFile(name) ? guarded(await loadController(name)) : pick('controller', controllers, name);
}
