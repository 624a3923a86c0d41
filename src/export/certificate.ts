import type { Candidate, Plan } from '../core/candidate.ts';
import type { Json } from '../core/json.ts';
import type { Metrics } from '../core/objective.ts';

/** What was measured again, by a fresh process, on the very file that is shipped. */
export interface Remeasured {
  readonly sha256: string;
  readonly bytes: number;
  readonly validation: SplitReport;
  readonly test: SplitReport;
  /** All recorded metrics, measured anew (accuracy on validation data). */
  readonly metrics: Metrics;
  readonly input: { readonly name: string; readonly shape: readonly (number | string)[]; readonly preprocessing: Json };
  readonly classes: readonly string[];
  readonly machine: Json;
}

export interface SplitReport {
  readonly images: number;
  readonly accuracy: number;
  readonly loss: number;
  /** By class, in the order of `classes`. */
  readonly perClass: readonly { readonly precision: number; readonly recall: number }[];
}

/** Everything needed to believe the file, and to make it again. Ships beside it as `certificate.json`. */
export interface Certificate {
  readonly format: 'espalier-certificate/1';
  readonly createdAt: string;
  readonly model: { readonly file: string; readonly sha256: string; readonly bytes: number };
  readonly study: string;
  readonly trial: number;
  /** As it was measured in the search. */
  readonly recorded: Metrics;
  readonly measured: Remeasured;
  /** The uncompressed network of the same study, as it was measured in the search. */
  readonly baseline: Metrics;
  readonly candidate: Candidate;
  readonly plan: Plan;
  readonly reproduce: {
    readonly command: string;
    readonly seed: string;
    readonly spaceHash: string;
    readonly versions: Json;
  };
}

/**
 * How far a metric measured again may be from the record. The same file on the same kind of processor gives the same
 * logits; another processor sums in another order, which can flip an image at the edge. Latency is not compared: it
 * belongs to the machine.
 */
const tolerances: Readonly<Record<string, number>> = { accuracy: 0.001, size: 0, macs: 0, params: 0 };

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
    return Math.abs(now - before) <= tolerance ? [] : [{ metric, recorded: before, measured: now }];
  });
}
