import type { SiteSettings } from '../../src/core/candidate.ts';
import type { NetworkName } from './networks.ts';

/** Settings of one technique; `at`: the sites, as a pattern on their names (every site where left out). */
export interface Rule {
  readonly at?: string;
  readonly settings: SiteSettings;
}

/** One way to compress a network. Plain data: what it says is all that its trials follow from. */
export interface Row {
  readonly name: string;
  readonly what: string;
  readonly network: NetworkName;
  /** By technique; a later rule goes before an earlier one. Settings that a site does not allow leave it alone. */
  readonly techniques: Readonly<Record<string, SiteSettings | readonly Rule[]>>;
  /** Settings of the training in place of the network's own. */
  readonly recipe?: SiteSettings;
  /** Trained from new random weights. */
  readonly fresh?: boolean;
  /** Beside it, the same shape from new weights, trained as long as the baseline and the row together. */
  readonly control?: boolean;
  /** How much longer one of its training steps takes than one of the dense network is measured too. */
  readonly timed?: boolean;
}

/** A number of the results, of a row. */
export type Measure =
  /** Bytes of the dense network's file, divided by those of the row's. */
  | 'smaller'
  /** Test accuracy, less that of the dense network of the same seed. */
  | 'change'
  /** Test accuracy as a share of the dense network's. */
  | 'kept'
  /** Share of the dense network's parameters. */
  | 'params'
  /** Share of the multiply-accumulates that is saved. */
  | 'saved'
  /** Time of one image of the dense network, divided by the row's. */
  | 'faster'
  /** Time of a training step, as a multiple of the dense network's. */
  | 'step'
  /** Test accuracy, less that of the row's control. */
  | 'overControl'
  /** Test accuracy, less that of another row. */
  | { readonly over: string };

/** What a claim means in numbers: the mean over the seeds of a row's measure lies within bounds. */
export interface Expectation {
  readonly says: string;
  readonly row: string;
  readonly measure: Measure;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Claim {
  readonly technique: string;
  /** As the documents put it. */
  readonly claim: string;
  readonly rows: readonly Row[];
  readonly expectations: readonly Expectation[];
  /** What is to be known to read the numbers, and why a claim does not hold where it does not. */
  readonly remark?: string;
}
