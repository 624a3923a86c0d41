import type { Shape, Tensor } from '../ir/graph.ts';
import { coefficientOfVariation, median, medianInterval, predictionInterval, weightedQuantile } from './statistics.ts';

/**
 * Time of one run, in turns with the baseline; where images differ in what they take, on average over them. Intervals:
 * where the same measurement, made anew by another process, is expected with 95 %.
 */
export interface LatencyResult {
  /** Of a sitting's rounds; over the sittings, the geometric mean. */
  readonly medianMs: number;
  /** As long as the machine is in the same mood, see `measureLatency`; relative to the middle never narrower than the ratio's. */
  readonly lowMs: number;
  readonly highMs: number;
  readonly minMs: number;
  /** So long or less take half of the images, and 95 % of them, by the medians of their kinds: the host's own moods are left out. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Candidate / baseline, paired by rounds: below 1 is faster. */
  readonly ratio: number;
  readonly ratioLow: number;
  readonly ratioHigh: number;
  readonly baselineMs: number;
  /** Pairs of fresh sessions, and the rounds of all of them. */
  readonly sittings: number;
  readonly rounds: number;
  /** The machine was not quiet: the baseline's own time moved, or the processor was taken away, during the measurement. */
  readonly noisy: boolean;
}

export interface LatencyOptions {
  /** A sitting ends when the 95 % intervals of its medians of time and ratio are this narrow, relative to their middle. */
  readonly targetWidth: number;
  /** Sittings before the first look at their interval; at least 2. */
  readonly sittings: number;
  /** No further sitting, once the interval of the ratio is this narrow. */
  readonly targetPrediction: number;
  readonly maxRounds: number;
  /** For the rounds of the first sittings together; further ones take as long each. At least 3 rounds each run in any case. */
  readonly maxSeconds: number;
  /** Runs of each before anything counts; cut short after a tenth of a sitting's time, but never below 3. */
  readonly warmup: number;
}

const defaultLatencyOptions: LatencyOptions = {
  targetWidth: 0.05,
  sittings: 7,
  targetPrediction: 0.1,
  maxRounds: 2000,
  maxSeconds: 1,
  warmup: 30,
};

/**
 * For times that nobody decides by, but likes to see: about a fourth of the usual time, and the intervals as wide as they
 * come out.
 */
export const brief: Partial<LatencyOptions> = { sittings: 3, targetPrediction: Number.POSITIVE_INFINITY, maxSeconds: 0.3 };

/** What is needed of an inference session; the engine's fits. */
interface LatencySession {
  run(feeds: Readonly<Record<string, Tensor>>): Promise<unknown>;
  release(): Promise<void> | void;
}

export interface LatencyJob {
  /** Two ONNX files with the same input. */
  readonly candidate: Uint8Array;
  readonly baseline: Uint8Array;
  /** The images of one run: shape [B, C, H, W]. */
  readonly input: { readonly name: string; readonly shape: Shape; readonly kinds: readonly ImageKind[] };
  /** Opens a session on as many threads as the file will have where it is used. */
  readonly open: (bytes: Uint8Array) => Promise<LatencySession>;
  readonly options?: Partial<LatencyOptions>;
  /** Milliseconds from any origin. */
  readonly clock?: () => number;
  /** Milliseconds of processor time that this process has had; where left out, nobody looks whether it was taken away. */
  readonly processorTime?: () => number;
}

/** Images that take the same time, for all that is known of the candidate. */
export interface ImageKind {
  /** Of all images. The shares of all kinds add up to 1. */
  readonly share: number;
  /** Some of them, taken in turns. */
  readonly images: readonly Float32Array[];
}

/** One sample takes at least this long: shorter runs are timed several at once, so that the timer and its call do not count. */
const shortestSampleMs = 0.1;
const fewestRounds = 3;
const firstCheck = 20;
/** In all. */
const mostSittings = 12;
/** Spread of the baseline's medians over the sittings, and the share of the time that the processor works for us. */
const quietSpread = 0.1;
const quietShare = 0.9;
/**
 * A process lays out code and memory anew, as a sitting does, and its deviation is taken to be of the same size; the one that
 * states and the one that looks again have one each. experiments/torture/latency.ts looks how often that holds.
 */
const acrossProcesses = Math.SQRT2;

/**
 * Measures a file against the baseline, in several sittings: a fresh pair of sessions each, since where their weights and
 * buffers come to lie makes a difference that no repetition within a session shows. In a sitting: warm-up, then rounds in
 * which each file is timed once, in alternating order (the candidate once with an image of every kind, of which the round's
 * time is the average by their shares), until the intervals of its medians, of the time and of the paired ratio, are narrow
 * or the cap is reached; the check recurs at rounds 20, 25, 32 … (a quarter more each time): seldom, because looking often
 * at an interval and stopping when it is narrow spoils its 95 %.
 *
 * What is stated is a prediction: Student's t over the medians of the sittings, widened for what differs from process to
 * process (Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, 2013: repeat at the level where the variation is).
 * What slows the machine for minutes hits file and baseline alike: the ratio holds then, the time holds relative to
 * the baseline's.
 *
 * `noisy`: the baseline's medians vary by more than 10 % over the sittings (standard deviation / mean), or this process
 * had the processor for less than 90 % of the time. Call it in an exclusive lane. The sessions are released in any case.
 */
export async function measureLatency(job: LatencyJob): Promise<LatencyResult> {
  const options = { ...defaultLatencyOptions, ...job.options };
  const sittings: Samples[] = [];
  const share = watchProcessor(job);
  for (;;) {
    sittings.push(await sit(job, options, share, sittings.length % 2 === 0));
    if (sittings.length < options.sittings) continue;
    const result = summarize(sittings, share.taken());
    if (sittings.length >= mostSittings || widthOf(result) <= options.targetPrediction) return result;
  }
}

/** Which of the two is opened first takes turns: the second finds other memory. */
async function sit(job: LatencyJob, options: LatencyOptions, share: ProcessorShare, candidateFirst: boolean): Promise<Samples> {
  const [first, second] = candidateFirst ? [job.candidate, job.baseline] : [job.baseline, job.candidate];
  const one = await job.open(first);
  try {
    const other = await job.open(second);
    try {
      const [candidate, baseline] = candidateFirst ? [one, other] : [other, one];
      return await measureSessions(candidate, baseline, job, options, share);
    } finally {
      await other.release();
    }
  } finally {
    await one.release();
  }
}

interface ProcessorShare {
  /** Runs work of which the share counts. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** Of the time so far, 1 where nobody knows. */
  taken(): number;
}

function watchProcessor({ clock = () => performance.now(), processorTime }: LatencyJob): ProcessorShare {
  let [wall, processor] = [0, 0];
  return {
    async during(work) {
      const [from, workedFrom] = [clock(), processorTime?.() ?? 0];
      const result = await work();
      wall += clock() - from;
      processor += (processorTime?.() ?? 0) - workedFrom;
      return result;
    },
    taken: () => (processorTime && wall > 0 ? processor / wall : 1),
  };
}

const widthOf = ({ ratioLow, ratio, ratioHigh }: LatencyResult): number => (ratioHigh - ratioLow) / ratio;

async function measureSessions(
  candidate: LatencySession,
  baseline: LatencySession,
  job: LatencyJob,
  options: LatencyOptions,
  share: ProcessorShare,
): Promise<Samples> {
  const clock = job.clock ?? (() => performance.now());
  const { name, shape, kinds } = job.input;
  const feedsOf = ({ images }: ImageKind) => images.map((data) => ({ [name]: { dtype: 'float32', shape, data } as const }));
  const timers: (() => Promise<number>)[] = [];
  for (const kind of kinds) timers.push(await prepareTimer(candidate, feedsOf(kind), clock, options));
  const second = await prepareTimer(baseline, kinds.flatMap(feedsOf), clock, options);
  const samples: Samples = { candidate: [], baseline: [], byKind: kinds.map(({ share }) => ({ share, times: [] })) };
  const first = async () => {
    let expected = 0;
    for (const [i, { share, times }] of samples.byKind.entries()) {
      const ms = await timers[i]!();
      times.push(ms);
      expected += share * ms;
    }
    return expected;
  };
  await share.during(async () => {
    const end = clock() + (options.maxSeconds / options.sittings) * 1000;
    let nextCheck = firstCheck;
    for (let round = 1; ; round++) {
      await oneRound(round, first, second, samples);
      if (round < fewestRounds) continue;
      if (round >= options.maxRounds || clock() >= end) return;
      if (round < nextCheck) continue;
      if (isNarrow(samples, options.targetWidth)) return;
      nextCheck = Math.ceil(round * 1.25);
    }
  });
  return samples;
}

/** Milliseconds of one run, by round. */
interface Samples {
  readonly candidate: number[];
  readonly baseline: number[];
  /** Of the candidate. */
  readonly byKind: readonly { readonly share: number; readonly times: number[] }[];
}

type Timer = () => Promise<number>;

async function oneRound(round: number, candidate: Timer, baseline: Timer, samples: Samples): Promise<void> {
  if (round % 2 === 1) {
    samples.candidate.push(await candidate());
    samples.baseline.push(await baseline());
  } else {
    samples.baseline.push(await baseline());
    samples.candidate.push(await candidate());
  }
}

/**
 * Warms a session up and returns what takes one sample of it: as many runs, of one image after the other, as fill the shortest
 * sample, in ms per run.
 */
async function prepareTimer(
  session: LatencySession,
  feeds: readonly Readonly<Record<string, Tensor>>[],
  clock: () => number,
  { warmup, maxSeconds, sittings }: LatencyOptions,
): Promise<Timer> {
  let next = 0;
  const timeRuns = async (runs: number): Promise<number> => {
    const start = clock();
    for (let i = 0; i < runs; i++) await session.run(feeds[next++ % feeds.length]!);
    return (clock() - start) / runs;
  };
  const end = clock() + (maxSeconds / sittings) * 100;
  const times: number[] = [];
  while (times.length < 3 || (times.length < warmup && clock() < end)) times.push(await timeRuns(1));
  const usual = median(times.slice(Math.floor(times.length / 2)));
  const runs = usual >= shortestSampleMs ? 1 : Math.ceil(shortestSampleMs / Math.max(usual, 0.001));
  return () => timeRuns(runs);
}

function summarize(sittings: readonly Samples[], processorShare: number): LatencyResult {
  const kinds = sittings[0]!.byKind.map(({ share }, kind) => ({
    value: median(sittings.flatMap(({ byKind }) => byKind[kind]!.times)),
    weight: share,
  }));
  const baselines = sittings.map(({ baseline }) => median(baseline));
  const time = predictionInterval(
    sittings.map(({ candidate }) => median(candidate)),
    acrossProcesses,
  );
  const ratio = predictionInterval(
    sittings.map((samples) => median(ratiosOf(samples))),
    acrossProcesses,
  );
  return {
    medianMs: time.middle,
    lowMs: Math.min(time.low, (time.middle * ratio.low) / ratio.middle),
    highMs: Math.max(time.high, (time.middle * ratio.high) / ratio.middle),
    minMs: Math.min(...sittings.map(({ candidate }) => Math.min(...candidate))),
    p50Ms: weightedQuantile(kinds, 0.5),
    p95Ms: weightedQuantile(kinds, 0.95),
    ratio: ratio.middle,
    ratioLow: ratio.low,
    ratioHigh: ratio.high,
    baselineMs: predictionInterval(baselines).middle,
    sittings: sittings.length,
    rounds: sittings.reduce((sum, { candidate }) => sum + candidate.length, 0),
    noisy: coefficientOfVariation(baselines) > quietSpread || processorShare < quietShare,
  };
}

const ratiosOf = ({ candidate, baseline }: Samples): number[] => candidate.map((ms, i) => ms / baseline[i]!);

const isNarrow = (samples: Samples, target: number): boolean =>
  [samples.candidate, ratiosOf(samples)].every((values) => {
    const { low, middle, high } = medianInterval(values);
    return (high - low) / middle <= target;
  });
