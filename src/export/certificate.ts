import type { Candidate, Plan } from '../core/candidate.ts';
import type { Json } from '../core/json.ts';
import type { Metrics } from '../core/objective.ts';

/** Everything needed to believe a model file, and to make it again. Ships beside it as `certificate.json`. */
export interface Certificate {
  readonly format: 'espalier-certificate/1';
  readonly createdAt: string;
  readonly model: { readonly file: string; readonly sha256: string; readonly bytes: number };
  readonly study: string;
  readonly trial: number;
  /** As measured in the search, on validation data. */
  readonly recorded: Metrics;
  /** Measured anew, by a fresh process, on the very file that is shipped: metrics, per class, validation and test. */
  readonly measured: Json;
  /** Models in other formats beside it, by file: measured likewise, by the runtime of the format. */
  readonly further?: Readonly<Record<string, FurtherModel>>;
  /** The dense network of the same study, as measured in the search. */
  readonly baseline: Metrics;
  readonly candidate: Candidate;
  /** What the candidate means, layer by layer. */
  readonly plan: Plan;
  /** What was done beyond the plan, where quantization had broken the network. */
  readonly firstAid?: Json;
  readonly reproduce: {
    readonly command: string;
    /** Candidates before it that came from elsewhere (`--warm-from`, `--enqueue`): the command alone does not make them. */
    readonly handedOver?: number;
    readonly seed: string;
    readonly space: { readonly file: string; readonly sha256: string };
    readonly versions: Json;
  };
}

/** A model in another format, and what it gives on the same data. */
export interface FurtherModel {
  readonly sha256: string;
  readonly bytes: number;
  readonly runtime: string;
  readonly validation: Measured;
  readonly test: Measured;
}

interface Measured {
  readonly images: number;
  /** Share of the images. */
  readonly accuracy: number;
}

/**
 * How far a metric measured again may be from the record. The same file on the same kind of processor gives the same
 * logits; another processor sums in another order, which can flip an image at the edge, or the way that one takes. Latency is
 * not compared: it belongs to the machine.
 */
const tolerances: Readonly<Record<string, (recorded: number) => number>> = {
  accuracy: () => 0.001,
  size: () => 0,
  macs: () => 0,
  expectedMacs: (recorded) => 0.001 * recorded,
  params: () => 0,
};

export interface Mismatch {
  readonly metric: string;
  readonly recorded: number;
  readonly measured: number;
}

/** The metrics whose new measurement does not match the record. */
export function mismatches(recorded: Metrics, measured: Metrics): Mismatch[] {
  return Object.entries(tolerances).flatMap(([metric, tolerance]) => {
    const before = recorded[metric];
    const now = measured[metric];
    if (before === undefined || now === undefined) return [];
    return Math.abs(now - before) <= tolerance(before) ? [] : [{ metric, recorded: before, measured: now }];
  });
}
