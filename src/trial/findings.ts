import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRng } from '../core/rng.ts';
import type { Effect, Findings, PerImage, Questions } from '../network/compress/technique.ts';
import { evaluate } from '../network/engine/evaluate.ts';
import { collectActivity, collectGradients, collectRows, type Images, sampleOf } from '../network/engine/findings.ts';
import type { Rows } from '../network/engine/rows.ts';
import { encode } from '../network/ir/bytes/encode.ts';
import type { Graph } from '../network/ir/graph.ts';
import { foldBatchNorm } from '../network/ir/passes/fold-batchnorm.ts';
import { readChecked, sha256, writeAtomically, writeChecked } from './artefacts.ts';
import type { TrialHooks } from './protocol.ts';
import { calibrationImages } from './setup.ts';
import type { SharedTrialData } from './shared.ts';
import { teacherRows } from './teacher.ts';

/** What this thread knows of a baseline: every question is answered once, for all trials. */
interface Known {
  readonly images: Images;
  readonly activity: Map<string, ArrayLike<number>>;
  gradients: Findings['gradients'] | undefined;
  /** Kept in a file beside the baseline too: they take a measurement each. */
  readonly effects: Map<string, Effect>;
  readonly effectsFile: string;
  readonly rows: Map<string, Rows>;
}

const known = new WeakMap<Graph, Promise<Known>>();

function knownOf(shared: SharedTrialData): Promise<Known> {
  const found = known.get(shared.baseline) ?? load(shared);
  known.set(shared.baseline, found);
  return found;
}

async function load({ baseline, dataset, setup }: SharedTrialData): Promise<Known> {
  const { train: split, shape, normalization } = dataset;
  const images = sampleOf({ split, shape, normalization }, calibrationImages, createRng('findings'));
  const effectsFile = join(setup.baselineFolder, `${sha256(`${sha256(encode(baseline))} ${dataset.hash}`)}.effects.json`);
  const effects = await readEffects(effectsFile);
  return { images, activity: new Map(), gradients: undefined, effects, effectsFile, rows: new Map() };
}

/** Answers what techniques ask of the trained dense network, on training images: no more, whatever other trials have asked. */
export async function answer(questions: Questions, shared: SharedTrialData, hooks: TrialHooks): Promise<Findings> {
  const { activity = [], gradients = false, effects = {} } = questions;
  const mine = await knownOf(shared);
  const missing = activity.filter((value) => !mine.activity.has(value));
  if (missing.length > 0) {
    const found = await collectActivity(shared.baseline, missing, mine.images, hooks);
    for (const [value, shares] of Object.entries(found)) mine.activity.set(value, shares);
  }
  if (gradients) mine.gradients ??= await collectGradients(shared.baseline, mine.images, hooks);
  await measureEffects(effects, mine, shared, hooks);
  return {
    activity: Object.fromEntries(activity.map((value) => [value, mine.activity.get(value)!])),
    gradients: gradients ? (mine.gradients ?? []) : [],
    effects: Object.fromEntries(Object.keys(effects).map((name) => [name, mine.effects.get(name)!])),
  };
}

async function measureEffects(
  asked: NonNullable<Questions['effects']>,
  { images, effects, effectsFile }: Known,
  { dataset }: SharedTrialData,
  hooks: TrialHooks,
): Promise<void> {
  const missing = Object.entries(asked).filter(([name]) => !effects.has(name));
  if (missing.length === 0) return;
  for (const [i, [name, make]] of missing.entries()) {
    hooks.progress({ stage: 'findings', done: i, total: missing.length });
    const bytes = encode(foldBatchNorm(make()), { symbolicBatch: 'N' });
    const { accuracy, loss } = await evaluate(bytes, dataset, images.split, hooks);
    effects.set(name, { accuracy, loss });
  }
  await writeAtomically(effectsFile, JSON.stringify(Object.fromEntries(effects)));
}

/** A file that cannot be read is measured anew. */
async function readEffects(file: string): Promise<Map<string, Effect>> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, Effect>));
  } catch {
    return new Map();
  }
}

/**
 * The values that a training is fed beside its images, for every training image; computed once per network and value, and
 * kept in a file beside the baseline for the other threads of the host and for later searches.
 */
export async function rowsOf(
  asked: Readonly<Record<string, PerImage>>,
  shared: SharedTrialData,
  hooks: TrialHooks,
): Promise<Record<string, Rows>> {
  const { rows } = await knownOf(shared);
  const found: Record<string, Rows> = {};
  for (const [name, { graph, value, taught }] of Object.entries(asked)) {
    const teacher = taught ? shared.teacher : undefined;
    const key = teacher?.rowsFile ?? `${sha256(encode(graph))} ${value}`;
    const computed = () => (teacher ? teacherRows(teacher) : keptRows(graph, value, key, shared, hooks));
    const own = rows.get(key) ?? (await computed());
    rows.set(key, own);
    found[name] = own;
  }
  return found;
}

async function keptRows(
  graph: Graph,
  value: string,
  key: string,
  { dataset, setup }: SharedTrialData,
  hooks: TrialHooks,
): Promise<Rows> {
  const { train: split, shape, normalization } = dataset;
  const file = join(setup.baselineFolder, `${sha256(`${key} ${dataset.hash}`)}.rows`);
  const bytes = await readChecked(file);
  if (bytes) return { shape: graph.types[value]!.shape.slice(1), data: new Float32Array(bytes.buffer) };
  const rows = await collectRows(foldBatchNorm(graph), value, { split, shape, normalization }, hooks);
  await writeChecked(file, new Uint8Array(rows.data.buffer));
  return rows;
}
