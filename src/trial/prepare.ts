import type { Json } from '../core/json.ts';
import type { DeviceFacts } from '../device/protocol.ts';
import { finalize } from '../network/compress/recipe.ts';
import { defaultEngine, type EngineChoice } from '../network/engine/choice.ts';
import { type Baseline, loadBaseline } from './baseline.ts';
import { checkBatches, checkClasses, checkMirrors, loadTrialData } from './data.ts';
import { exportGraph } from './export-graph.ts';
import { checkTiming } from './latency.ts';
import type { DataFacts } from './predict.ts';
import type { TrialHooks } from './protocol.ts';
import type { TrialSetup } from './setup.ts';
import type { SharedTrialData } from './shared.ts';
import { prepareTeacher } from './teacher.ts';

/** What `prepare` found, worth recording; the orchestrator gets it as plain data. */
export interface PreparedFacts {
  readonly dataHash: string;
  readonly data: DataFacts;
  readonly baseline: Baseline['facts'];
  readonly engine: EngineChoice;
  /** The device that times, where it is not this machine. */
  readonly timedOn?: DeviceFacts;
}

/** Once per trial host: the data in shared memory and the trained baseline (from its cache, or trained now). */
export async function prepare(setup: TrialSetup, hooks: TrialHooks): Promise<{ shared: SharedTrialData; facts: Json }> {
  const timedOn = await checkTiming(setup);
  const dataset = await loadTrialData(setup, hooks);
  checkBatches(setup, dataset);
  checkClasses(setup, dataset);
  checkMirrors(setup, dataset);
  const { engine = defaultEngine } = setup;
  const { graph, facts } = await loadBaseline(setup, dataset, hooks);
  const teacher = await prepareTeacher(setup, dataset, hooks);
  const baselineBytes = exportGraph(finalize(graph, { recipe: {}, techniques: {} }, {}), dataset);
  const { shape, classes, normalization, resize, sound, hash: dataHash } = dataset;
  const data = { shape, classes, normalization, ...(resize ? { resize } : {}), ...(sound ? { sound } : {}) };
  const device = timedOn ? { timedOn } : {};
  const prepared: PreparedFacts = { dataHash, data, baseline: facts, engine: { ...engine }, ...device };
  const shared = { setup, dataset, baseline: graph, baselineBytes, engine, ...device, ...(teacher ? { teacher } : {}) };
  return { shared, facts: prepared as unknown as Json };
}
