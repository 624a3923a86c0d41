import type { Shape, Tensor } from '../ir/graph.ts';
import { coefficientOfVariation, fewestForInterval, median, medianInterval, weightedQuantile } from './statistics.ts';

/**
 * Time of one image, in turns with the baseline; where images differ in what they take, on average over them. Intervals:
 * 95 %, of the median.
 */
export interface LatencyResult {
  readonly medianMs: number;
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
  readonly rounds: number;
  /** The machine was not quiet: the baseline's own time moved during the measurement. */
  readonly noisy: boolean;
}

export interface LatencyOptions {
  /** Stop when the intervals of median and ratio are this narrow, relative to their middle. */
  readonly targetWidth: number;
  readonly maxRounds: number;
  /** For the rounds; at least 6 rounds run in any case. */
  readonly maxSeconds: number;
  /** Runs of each before anything counts; cut short after a tenth of `maxSeconds`, but never below 3. */
  readonly warmup: number;
}

const defaultLatencyOptions: LatencyOptions = { targetWidth: 0.05, maxRounds: 2000, maxSeconds: 1, warmup: 30 };

/** What is needed of an inference session; the engine's fits. */
interface LatencySession {
  run(feeds: Readonly<Record<string, Tensor>>): Promise<unknown>;
  release(): Promise<void> | void;
}

export interface LatencyJob {
  /** Two ONNX files with the same input. */
  readonly candidate: Uint8Array;
  readonly baseline: Uint8Array;
  /** Images one at a time: shape [1, C, H, W]. */
  readonly input: { readonly name: string; readonly shape: Shape; readonly kinds: readonly ImageKind[] };
  /** Opens a session on one thread, as the file will be used. */
  readonly open: (bytes: Uint8Array) => Promise<LatencySession>;
  readonly options?: Partial<LatencyOptions>;
  /** Milliseconds from any origin. */
  readonly clock?: () => number;
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
const firstCheck = 20;
const stretches = 10;
const quietSpread = 0.05;

/**
 * Measures a file against the baseline: warm-up, then rounds in which each is timed once, in alternating order (the file
 * once with an image of every kind, of which the round's time is the average by their shares), until the intervals of the candidate's median and of the paired ratio are narrow or the cap is reached. What slows the machine for
 * a while hits both, so the ratio holds where the times do not. The check recurs at rounds 20, 25, 32 … (a quarter
 * more each time): seldom, because looking often at an interval and stopping when it is narrow spoils its 95 %.
 *
 * `noisy`: the medians of the baseline over ten consecutive stretches of the measurement vary by more than 5 % (standard deviation /
 * mean); a quiet machine shows 0.6 to 5 %. Call it in an exclusive lane. The sessions are released in any case.
 */
export async function measureLatency(job: LatencyJob): Promise<LatencyResult> {
  const options = { ...defaultLatencyOptions, ...job.options };
  const candidate = await job.open(job.candidate);
  try {
    const baseline = await job.open(job.baseline);
    try {
      return await measureSessions(candidate, baseline, job, options);
    } finally {
      await baseline.release();
    }
  } finally {
    await candidate.release();
  }
}

async function measureSessions(
  candidate: LatencySession,
  baseline: LatencySession,
  job: LatencyJob,
  options: LatencyOptions,
): Promise<LatencyResult> {
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
  const end = clock() + options.maxSeconds * 1000;
  let nextCheck = firstCheck;
  for (let round = 1; ; round++) {
    await oneRound(round, first, second, samples);
    if (round < fewestForInterval) continue;
    if (round >= options.maxRounds || clock() >= end) return summarize(samples);
    if (round < nextCheck) continue;
    const result = summarize(samples);
    if (isNarrow(result, options.targetWidth)) return result;
    nextCheck = Math.ceil(round * 1.25);
  }
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
  { warmup, maxSeconds }: LatencyOptions,
): Promise<Timer> {
  let next = 0;
  const timeRuns = async (runs: number): Promise<number> => {
    const start = clock();
    for (let i = 0; i < runs; i++) await session.run(feeds[next++ % feeds.length]!);
    return (clock() - start) / runs;
  };
  const end = clock() + maxSeconds * 100;
  const times: number[] = [];
  while (times.length < 3 || (times.length < warmup && clock() < end)) times.push(await timeRuns(1));
  const usual = median(times.slice(Math.floor(times.length / 2)));
  const runs = usual >= shortestSampleMs ? 1 : Math.ceil(shortestSampleMs / Math.max(usual, 0.001));
  return () => timeRuns(runs);
}

function summarize({ candidate, baseline, byKind }: Samples): LatencyResult {
  const kinds = byKind.map(({ share, times }) => ({ value: median(times), weight: share }));
  const time = medianInterval(candidate);
  const ratio = medianInterval(candidate.map((ms, i) => ms / baseline[i]!));
  return {
    medianMs: time.middle,
    lowMs: time.low,
    highMs: time.high,
    minMs: Math.min(...candidate),
    p50Ms: weightedQuantile(kinds, 0.5),
    p95Ms: weightedQuantile(kinds, 0.95),
    ratio: ratio.middle,
    ratioLow: ratio.low,
    ratioHigh: ratio.high,
    baselineMs: median(baseline),
    rounds: candidate.length,
    noisy: spreadOfStretches(baseline) > quietSpread,
  };
}

function isNarrow(result: LatencyResult, target: number): boolean {
  const time = (result.highMs - result.lowMs) / result.medianMs;
  const ratio = (result.ratioHigh - result.ratioLow) / result.ratio;
  return time <= target && ratio <= target;
}

/** Variation of the medians of ten consecutive stretches; of fewer where a stretch would have less than 3 rounds. */
function spreadOfStretches(times: readonly number[]): number {
  const count = Math.min(stretches, Math.floor(times.length / 3));
  const medians = Array.from({ length: count }, (_, i) =>
    median(times.slice(Math.floor((i * times.length) / count), Math.floor(((i + 1) * times.length) / count))),
  );
  return coefficientOfVariation(medians);
}
