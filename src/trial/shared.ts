import type { DeviceFacts } from '../device/protocol.ts';
import type { Dataset } from '../network/data/dataset.ts';
import type { EngineChoice } from '../network/engine/choice.ts';
import type { Graph } from '../network/ir/graph.ts';
import type { TrialSetup } from './setup.ts';
import type { Teacher } from './teacher.ts';

/** What `prepare` made once and every trial of the host reads. */
export interface SharedTrialData {
  readonly setup: TrialSetup;
  readonly dataset: Dataset;
  /** The trained dense network, in training form (BatchNormalization not folded). */
  readonly baseline: Graph;
  /** Its exported file: what latency is compared with. */
  readonly baselineBytes: Uint8Array;
  /** Who `distil` learns from, where that is not the baseline. */
  readonly teacher?: Teacher;
  /** What trains, the same in every host of the study. */
  readonly engine: EngineChoice;
  /** The device that times, where it is not this machine. */
  readonly timedOn?: DeviceFacts;
}
