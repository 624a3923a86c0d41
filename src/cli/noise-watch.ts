import type { LiveEvent } from '../core/event.ts';
import type { Json } from '../core/json.ts';
import { formatMetric } from '../dashboard/format.ts';

/** What a trial's record says of how its latency was measured. */
interface MeasuredLatency {
  readonly noisy: boolean;
  /** The dense network's time, measured in turns with the trial's own. */
  readonly baselineMs: number;
}

/** Looked at together: the last so many. */
const stretch = 11;
/** So many of them noisy is a noisy machine; so few again, a quiet one. */
const noisyFrom = 5;
const quietFrom = 2;
/** The dense network is the same all the time: if its time has moved by more, the machine has changed. */
const mostDrift = 1.15;

/**
 * Says when the machine is too busy for times that can be trusted, and when the dense network takes another time than at
 * first: once each, until it was quiet, or has moved as much again.
 */
export class NoiseWatch {
  readonly #warn: (message: string) => void;
  readonly #noisy: boolean[] = [];
  readonly #baselines: number[] = [];
  #isNoisy = false;
  /** What later times are compared with: of the first stretch, then of the one where the last drift was told. */
  #reference: number | undefined;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  see(event: LiveEvent): void {
    if (event.type !== 'finished' || event.outcome.state !== 'done') return;
    const latency = latencyOf(event.outcome.details);
    if (!latency) return;
    keepLast(this.#noisy, latency.noisy);
    keepLast(this.#baselines, latency.baselineMs);
    this.#watchNoise();
    if (this.#baselines.length === stretch) this.#watchDrift(median(this.#baselines));
  }

  #watchNoise(): void {
    const count = this.#noisy.filter(Boolean).length;
    if (count <= quietFrom) this.#isNoisy = false;
    if (this.#isNoisy || count < noisyFrom) return;
    this.#isNoisy = true;
    this.#warn(
      `the machine is busy: ${count} of the last ${this.#noisy.length} latencies are noisy. Compare latencyRatio rather than latencyMs, and close what else runs; accuracy and size are not touched.`,
    );
  }

  #watchDrift(nowMs: number): void {
    this.#reference ??= nowMs;
    const ratio = nowMs / this.#reference;
    if (ratio < mostDrift && ratio > 1 / mostDrift) return;
    const [before, now] = [this.#reference, nowMs].map((ms) => formatMetric('latencyMs', ms));
    this.#warn(
      `the dense network takes ${now} now, ${before} before: the machine has changed (heat, clock rate, other work). Compare latencyRatio, not latencyMs.`,
    );
    this.#reference = nowMs;
  }
}

function latencyOf(details: Json | undefined): MeasuredLatency | undefined {
  const { latency } = (details ?? {}) as { readonly latency?: MeasuredLatency };
  return latency;
}

function keepLast<T>(list: T[], value: T): void {
  list.push(value);
  if (list.length > stretch) list.shift();
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}
