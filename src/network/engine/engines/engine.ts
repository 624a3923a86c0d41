import type { Graph } from '../../ir/graph.ts';
import type { Device, EngineName } from '../choice.ts';
import type { Session } from '../session.ts';

export interface StepOptions {
  readonly device: Device;
  readonly lowering: string;
  /** Threads that one op may use on the CPU. */
  readonly threads: number;
}

/** What runs train steps. What a candidate is measured by always runs on onnxruntime: the exported file is its format. */
export interface Engine {
  readonly name: EngineName;
  readonly summary: string;
  /** Opens a train step as `buildTrainStep` made it, training ops and all. */
  open(step: Graph, options: StepOptions): Promise<Session>;
}
