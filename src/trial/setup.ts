import type { Json } from '../core/json.ts';
import type { EngineChoice } from '../network/engine/choice.ts';

/** What all trials of a study share, as the orchestrator sends it to the trial host: plain JSON. */
export interface TrialSetup {
  /** Sections of the space file, validated and with their defaults filled in. */
  readonly model: Json;
  readonly data: Json;
  readonly baseline: Json;
  readonly trial: Json;
  /** Who `distil` learns from; the baseline where left out. */
  readonly teacher?: Json;
  /** How the exported file is run when its time is measured; one image on one thread where left out. */
  readonly latency?: Json;
  /** Names of the remedies that a trial may try where quantization broke its network, in this order. */
  readonly firstAid?: readonly string[];
  /** Images in a training step of the trials; absent where no trial is trained. */
  readonly batch?: number;
  /** Names of the metrics to measure. */
  readonly metrics: readonly string[];
  /** Measured models are written here as `<sha256>.onnx`. */
  readonly artefactFolder: string;
  /** Trained baselines are kept here by the hash of what they were made from. */
  readonly baselineFolder: string;
  /** Root of the baseline's random streams, for several baselines of one model; every study shares one where it is left out. */
  readonly baselineSeed?: string;
  /** Cores that training the baseline may use; trials train on one each. */
  readonly threads: number;
  /** Cores that a trial may use to run its exported file over images: its share of all; 1 where left out. */
  readonly share?: number;
  /** Nothing is decided by how long a file runs: a trial's is timed briefly. */
  readonly brieflyTimed?: boolean;
  /** What trains; onnxruntime on the CPU where left out. Chosen before any host starts, so that all of them agree. */
  readonly engine?: EngineChoice;
}

/** Images of the training split that calibrate activations' ranges. */
export const calibrationImages = 512;

/** Changes when training changes its results, so that a cached baseline or checkpoint always is what training would give today. */
export const trainingVersion = 3;
