import { metricNamed, metricParts } from '../core/catalog.ts';
import { NasError } from '../core/errors.ts';
import { stableStringify } from '../core/json.ts';
import type { Dataset, Normalization } from '../network/data/dataset.ts';
import { dataSpecSchema, loadDataset } from '../network/data/index.ts';
import { baselineRecipeSchema } from '../network/engine/recipe.ts';
import { classNamed } from '../network/metrics/classes.ts';
import { metricInfos } from '../network/metrics/index.ts';
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

/** Refuses steps of more images than there are, before anything is trained. Throws NasError DATA_BATCH. */
export function checkBatches({ baseline, batch }: TrialSetup, { train }: Dataset): void {
  const { epochs, batchSize } = baselineRecipeSchema.parse(baseline);
  const steps = { ...(epochs > 0 ? { baseline: batchSize } : {}), ...(batch === undefined ? {} : { trial: batch }) };
  for (const [section, size] of Object.entries(steps)) {
    if (size <= train.count) continue;
    const message = `${section}.batchSize: a step of ${size} images needs more than the ${train.count} there are to train on. Set a smaller one.`;
    throw new NasError('DATA_BATCH', message, { facts: { section, batchSize: size, images: train.count } });
  }
}

/** Refuses to mirror sounds, which then run backwards. Throws NasError DATA_SOUND. */
export function checkMirrors({ baseline, trial }: TrialSetup, { sound }: Dataset): void {
  if (!sound) return;
  for (const [section, recipe] of Object.entries({ baseline, trial })) {
    const { augment } = recipe as { readonly augment?: { readonly flip?: boolean } };
    if (!augment?.flip) continue;
    const where = `${section}.augment.flip`;
    const message = `${where}: mirrored, a sound runs backwards. Leave it out; crop: [0, 4] shifts sounds in time.`;
    throw new NasError('DATA_SOUND', message, { facts: { where } });
  }
}

/** Refuses metrics of a class that is not there to be measured. Throws NasError DATA_CLASS. */
export function checkClasses({ metrics }: TrialSetup, { classes, validation }: Dataset): void {
  const named = classes.map((name, label) => ({ name, label }));
  for (const metric of metrics) {
    const { of: className } = metricParts(metric);
    if (className === undefined || metricNamed(metricInfos, metric)?.of?.what !== 'class') continue;
    const { label } = classNamed(named, className);
    if (validation.labels.subarray(0, validation.count).includes(label)) continue;
    const message = `none of the ${validation.count} validation images is of class "${className}": ${metric} cannot be measured. Hold more images out.`;
    throw new NasError('DATA_CLASS', message, { facts: { class: className, images: validation.count } });
  }
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
