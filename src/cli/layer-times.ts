import { arch, cpus } from 'node:os';
import type { Candidate } from '../core/candidate.ts';
import type { Executor } from '../core/executor.ts';
import { type Json, stableStringify } from '../core/json.ts';
import type { Goal } from '../core/objective.ts';
import { type Outcome, stopError } from '../core/trial.ts';
import { formatPercent, formatTook } from '../dashboard/format.ts';
import type { DeviceFacts } from '../device/protocol.ts';
import { allNodes, bodiesOf } from '../network/ir/bodies.ts';
import type { Graph } from '../network/ir/graph.ts';
import { fewestTimed, fitLayerTimes, type LayerTimes, type TimedWork } from '../network/metrics/layer-times/fit.ts';
import { workOf } from '../network/metrics/layer-times/work.ts';
import { haltonSequence } from '../search/space/halton.ts';
import type { Space } from '../search/space/space.ts';
import { writeAtomically } from '../trial/artefacts.ts';
import { cacheFile, readCached } from './cached.ts';
import { versions } from './versions.ts';

/** Changes when something else is measured, or learned from it. */
const version = 4;
/** Networks that are timed: candidates that cover the space evenly. */
const wanted = 72;
/** Seconds after which as many as are needed will do, and after which it is given up: the network is a slow one. */
const [patience, most] = [120, 600];
/** Validation images that are run to find the ways through a network. */
const images = 16;

/** Times that are foreseen so wrongly are of no use to a search. */
const mostError = 0.3;

/** The metrics that layer times tell before a trial. */
export const foreseenMetrics: readonly string[] = ['latencyMs', 'latencyRatio'];

/** Whether a search has any use for them. */
export const wantsLayerTimes = ({ objectives, constraints }: Goal): boolean =>
  [...objectives, ...constraints].some(({ metric }) => foreseenMetrics.includes(metric));

/** As far as a search can use them. */
export const usableLayerTimes = (found: LayerTimes | undefined): LayerTimes | undefined =>
  found && found.error <= mostError ? found : undefined;

export function describeLayerTimes(found: Found | undefined): string {
  if (!found)
    return 'Too few networks can be timed without training, or they are too slow: what a candidate takes is not foreseen.';
  const { networks, seconds, cached, error } = found;
  const timed = `${networks} networks timed in ${formatTook(seconds * 1000)}${cached ? ' before' : ''}`;
  const within = `95 % of others are foreseen within ${formatPercent(error, 0)}`;
  return usableLayerTimes(found)
    ? `${timed}: ${within}.`
    : `${timed}, but only ${within}: what a candidate takes is not foreseen.`;
}

export interface LayerTimesContext {
  /** Open. */
  readonly executor: Executor;
  readonly space: Space;
  /** How a file is run; as the setup says it. */
  readonly use?: Json | undefined;
  /** The device that times, where it is not this machine. */
  readonly timedOn?: DeviceFacts | undefined;
  /** Hash of the trained baseline: it stands for the model and the data. */
  readonly baseline: string;
  /** The graph that a candidate will be exported as; undefined where only a trial tells. */
  readonly structureOf: (candidate: Candidate) => Graph | undefined;
  readonly progress: (done: number, total: number) => void;
  /** Milliseconds from any origin. */
  readonly clock?: () => number;
}

/**
 * How long layers take on the machine that times, from networks of the space that are timed without training; from the cache where that
 * was done before. 'stopped' where a person stopped it; undefined where too few networks could be timed.
 */
export async function layerTimesOf(context: LayerTimesContext): Promise<Found | 'stopped' | undefined> {
  const { space, baseline, use, timedOn } = context;
  const machine = timedOn ?? [arch(), cpus()[0]?.model ?? '', versions().onnxruntime];
  const made = { version: [version, versions().espalier], machine, baseline, space, ...(use === undefined ? {} : { use }) };
  const file = cacheFile('layer-times', made);
  const known = await readCached<Kept>(file);
  if (known) return { ...known, cached: true };
  const seconds = stopwatch(context.clock);
  const timed = await timeAll(context);
  if (timed === 'stopped') return timed;
  if (timed.length < fewestTimed) return undefined;
  const found = { ...fitLayerTimes(timed), seconds: seconds(), networks: timed.length };
  await writeAtomically(file, JSON.stringify(found));
  return { ...found, cached: false };
}

async function timeAll(context: LayerTimesContext): Promise<readonly TimedWork[] | 'stopped'> {
  const { executor, progress } = context;
  const seconds = stopwatch(context.clock);
  const chosen = candidatesOf(context);
  const timed: TimedWork[] = [];
  let [next, done, found, stopped] = [0, 0, 0, false];
  const isOver = () => stopped || seconds() > (found >= fewestTimed ? patience : most);
  const work = async () => {
    while (next < chosen.length && !isOver()) {
      const place = next++;
      const outcome = await timeOne(executor, chosen[place]!.candidate, place);
      progress(++done, chosen.length);
      const error = outcome.state === 'aborted' ? stopError(outcome) : undefined;
      if (error) throw error;
      stopped ||= outcome.state === 'aborted';
      if (outcome.state !== 'done') continue;
      const { latencyMs, latencyRatio } = outcome.metrics;
      found++;
      timed[place] = { work: workOf(chosen[place]!.graph), ms: latencyMs!, ratio: latencyRatio! };
    }
  };
  await Promise.all(Array.from({ length: executor.slots }, work));
  return stopped ? 'stopped' : timed.filter((each) => each !== undefined);
}

const stopwatch = (clock = () => performance.now()) => {
  const startedAt = clock();
  return () => (clock() - startedAt) / 1000;
};

function timeOne(executor: Executor, candidate: Candidate, trial: number): Promise<Outcome> {
  const request = { trial, attempt: 1, candidate, seed: `layer times/${trial}`, probe: { images, timed: true } } as const;
  return executor.run(request, { started: () => undefined, progress: () => undefined });
}

/** What a network takes that decides per image what it runs says little of its layers. */
function candidatesOf({ space, structureOf }: LayerTimesContext) {
  const at = haltonSequence(space, 'layer times');
  const drawn = Array.from({ length: wanted }, (_, i) => at(i));
  // A small space has some of them several times.
  const different = new Map(drawn.map((candidate) => [stableStringify(candidate), candidate]));
  return [...different.values()].flatMap((candidate) => {
    const graph = structureOf(candidate);
    return graph && !allNodes(graph).some((node) => bodiesOf(node).length > 0) ? [{ candidate, graph }] : [];
  });
}

interface Kept extends LayerTimes {
  /** How long it took to time so many networks. */
  readonly seconds: number;
  readonly networks: number;
}

type Found = Kept & { readonly cached: boolean };
