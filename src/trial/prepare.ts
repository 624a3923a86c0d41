import type { Json } from '../core/json.ts';
import { finalize } from '../network/compress/recipe.ts';
import { dataSpecSchema, loadDataset } from '../network/data/index.ts';
import { defaultEngine } from '../network/engine/choice.ts';
import { loadBaseline } from './baseline.ts';
import { exportGraph } from './export-graph.ts';
import type { TrialHooks } from './protocol.ts';
import type { TrialSetup } from './setup.ts';
import type { SharedTrialData } from './shared.ts';

/** Once per trial host: the data in shared memory and the trained baseline (from its cache, or trained now). */
export async function prepare(setup: TrialSetup, hooks: TrialHooks): Promise<{ shared: SharedTrialData; facts: Json }> {
  const dataset = await loadDataset(dataSpecSchema.parse(setup.data), hooks);
  const { engine = defaultEngine } = setup;
  const { graph, facts } = await loadBaseline(setup, dataset, hooks);
  const baselineBytes = exportGraph(finalize(graph, { recipe: {}, techniques: {} }, {}), dataset);
  return {
    shared: { setup, dataset, baseline: graph, baselineBytes, engine },
    facts: { dataHash: dataset.hash, baseline: facts, engine: { ...engine } },
  };
}
