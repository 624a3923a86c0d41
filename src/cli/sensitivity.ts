import type { Candidate } from '../core/candidate.ts';
import type { Executor } from '../core/executor.ts';
import type { DataSpec } from '../network/data/index.ts';
import { measureSensitivity, type Sensitivity } from '../search/sensitivity/measure.ts';
import { probesOf, undisturbed } from '../search/sensitivity/probes.ts';
import { writeAtomically } from '../trial/artefacts.ts';
import type { PreparedFacts } from '../trial/prepare.ts';
import { cacheFile, readCached } from './cached.ts';
import type { StudyFacts } from './study-facts.ts';
import { versions } from './versions.ts';

/** Changes when a probe measures something else. */
const version = 3;

/** Validation images that a probe is measured on: enough to tell a layer that hurts from one that does not. */
const probeImages = 1000;

export interface SensitivityContext {
  /** Open. */
  readonly executor: Executor;
  readonly facts: StudyFacts;
  readonly keyOf: (candidate: Candidate) => string;
  /** What the executor found when it was opened. */
  readonly prepared: PreparedFacts;
  readonly progress: (done: number, total: number) => void;
}

/** What every choice of a space costs on its own, from the cache where it was measured before. Undefined where it was stopped. */
export async function sensitivityOf(
  context: SensitivityContext,
): Promise<(Sensitivity & { readonly cached: boolean }) | undefined> {
  const { executor, keyOf, prepared, progress } = context;
  const { space, sections } = context.facts;
  const images = Math.min(probeImages, (sections.data as unknown as DataSpec).validation);
  const probes = probesOf(space, keyOf);
  const made = { version: [version, versions().espalier], baseline: prepared.baseline.hash, space, images };
  const file = cacheFile('sensitivity', made);
  const known = await readCached<Sensitivity>(file);
  if (known) return { ...known, cached: true };
  const found = await measureSensitivity({ executor, base: undisturbed(space), probes, images, progress });
  if (!found) return undefined;
  await writeAtomically(file, JSON.stringify(found));
  return { ...found, cached: false };
}
