import { NasError } from '../core/errors.ts';
import { stableStringify } from '../core/json.ts';
import type { Dataset, Normalization } from '../network/data/dataset.ts';
import { dataSpecSchema, loadDataset } from '../network/data/index.ts';
import { modelSpecSchema } from '../network/models/index.ts';
import { sha256 } from './artefacts.ts';
import type { TrialHooks } from './protocol.ts';
import type { TrialSetup } from './setup.ts';

/** The data of a study, normalised as its network wants them. */
export async function loadTrialData({ data, model }: TrialSetup, hooks: Pick<TrialHooks, 'progress'>): Promise<Dataset> {
  const dataset = await loadDataset(dataSpecSchema.parse(data), hooks);
  const spec = modelSpecSchema.parse(model);
  return 'normalize' in spec && spec.normalize ? normalizedAs(dataset, spec.normalize, 'model') : dataset;
}

/** The same images as another network wants them; `section` of the space says so. Throws NasError MODEL_DATA. */
export function normalizedAs(dataset: Dataset, normalization: Normalization, section: string): Dataset {
  const channels = dataset.shape[0];
  for (const [name, values] of Object.entries(normalization)) {
    if (values.length === channels) continue;
    const message = `${section}.normalize.${name} has ${values.length} numbers for images with ${channels} channels.`;
    throw new NasError('MODEL_DATA', message, { facts: { section, channels } });
  }
  const { mean, std } = normalization;
  return { ...dataset, normalization: { mean, std }, hash: sha256(`${dataset.hash} ${stableStringify({ mean, std })}`) };
}
