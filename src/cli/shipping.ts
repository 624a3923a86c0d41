import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { exitCodes, NasError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { StudyRecord } from '../core/store.ts';
import { type MeasuredTrial, measuredTrial, type Progress, type Trial } from '../core/trial.ts';
import { type Certificate, type FurtherModel, mismatches } from '../export/certificate.ts';
import type { ExportFormat, ExportSource } from '../export/formats/format.ts';
import type { StudyView } from '../store/index.ts';
import { artefactPath, sha256 } from '../trial/artefacts.ts';
import type { RemeasureResult } from '../trial/remeasure.ts';
import type { TrialSetup } from '../trial/setup.ts';
import { artefactFolder } from './artefact-folder.ts';
import { findTrial } from './commands/show.ts';
import { baselineFolder } from './folders.ts';
import { meaningOf } from './meaning.ts';
import { remeasureFurtherInProcess, remeasureInProcess } from './remeasure.ts';
import { handedOver, reproducing } from './reproduction.ts';
import { shellWord, studyWords } from './shell.ts';
import { factsOf } from './study-facts.ts';
import { lendFile } from './temporary.ts';

/** A model that was found to be what the study's record says. */
export interface Shipment {
  readonly trial: MeasuredTrial;
  readonly baseline: MeasuredTrial;
  readonly measured: RemeasureResult;
  readonly source: ExportSource;
}

/** As it was measured last. Throws NasError TRIAL_NOT_DONE. */
export function doneTrial(trial: Trial): MeasuredTrial {
  const measured = measuredTrial(trial);
  if (measured) return measured;
  throw new NasError('TRIAL_NOT_DONE', `trial ${trial.number} is ${trial.state}: only a finished trial has a model.`, {
    facts: { trial: trial.number, state: trial.state },
  });
}

/** Refuses a model that a format cannot hold, before minutes of measuring. */
export async function checkFormats(
  { record }: Pick<StudyView, 'record'>,
  trial: MeasuredTrial,
  formats: readonly ExportFormat[],
  db: string,
): Promise<void> {
  const checks = formats.flatMap(({ check }) => check ?? []);
  if (checks.length === 0) return;
  const model = await readFile(await artefactOf(record, trial, db));
  for (const check of checks) check(model);
}

/**
 * The measured bytes of a trial, measured again by a fresh process on validation and test data, with a certificate.
 * Throws NasError TRIAL_NOT_DONE (the baseline), ARTEFACT_MISSING, EXPORT_MISMATCH and what measuring meets.
 */
export async function certified(
  view: StudyView,
  trial: MeasuredTrial,
  { db, formats }: { readonly db: string; readonly formats: readonly ExportFormat[] },
  progress: (progress: Progress) => void = () => undefined,
): Promise<Shipment> {
  const baseline = doneTrial(findTrial(view, 0));
  const folder = artefactFolder(db);
  const model = await artefactOf(view.record, trial, db);
  const { sections, metrics } = factsOf(view.record);
  const setup = { ...sections, metrics, artefactFolder: folder, baselineFolder: baselineFolder() };
  const threads = availableParallelism();
  const dense = await artefactOf(view.record, baseline, db);
  const request = { model, baseline: dense, setup: { ...setup, threads, share: threads } };
  const measured = await remeasureInProcess(request, progress);
  checkRecord(trial, measured);
  const certificate = certify(view, trial, baseline, measured);
  const source = exportSource(await readFile(model), certificate, measured);
  const further = await measureFurther(source, formats, request.setup, progress);
  const whole = Object.keys(further).length === 0 ? source : { ...source, certificate: { ...certificate, further } };
  return { trial, baseline, measured, source: whole };
}

/** The models of further formats, measured by their runtimes before anything is written. */
async function measureFurther(
  source: ExportSource,
  formats: readonly ExportFormat[],
  setup: TrialSetup,
  progress: (progress: Progress) => void,
): Promise<Record<string, FurtherModel>> {
  const further: Record<string, FurtherModel> = {};
  for (const format of formats) {
    if (!format.measured) continue;
    const files = await format.files(source);
    const found = await lendFile(files[format.entry]!, (path) => remeasureFurtherInProcess({ further: path, setup }, progress));
    checkAgreement(format.entry, source.testAccuracy, found.test.accuracy);
    further[format.entry] = found;
  }
  return further;
}

/** Kernels round in their own ways, which flips some images at the edge; more than that is another model. */
const mostApart = 0.02;

/** Throws NasError EXPORT_MISMATCH. */
function checkAgreement(file: string, onnx: number, further: number): void {
  if (Math.abs(onnx - further) <= mostApart) return;
  const message = `${file} has an accuracy of ${further} on test data, the ONNX file ${onnx}: it does not compute the same. Nothing was exported; ship it as ONNX.`;
  throw new NasError('EXPORT_MISMATCH', message, { facts: { file, onnx, further }, exitCode: exitCodes.failure });
}

/** How a model is had again that is not there. */
function wayBack({ name, space }: StudyRecord, { number }: MeasuredTrial, db: string, folder: string): string {
  if (!existsSync(folder)) return `There is no such folder: it belongs beside ${db}, which is moved and copied together with it.`;
  const again = `nas search --space ${shellWord(space.file)} ${studyWords(db, `${name}-again`)} --trials 2`;
  const what = number === 0 ? '' : ` --enqueue "trial ${number} of ${name}"`;
  return `nas gc keeps the models of fronts and favourites alone. To train it anew, in another study: ${again}${what}`;
}

/** Where a trial's model lies, byte for byte as it was measured. Throws NasError ARTEFACT_MISSING, EXPORT_MISMATCH. */
async function artefactOf(record: StudyRecord, trial: MeasuredTrial, db: string): Promise<string> {
  const folder = artefactFolder(db);
  const path = trial.artefact && artefactPath(folder, trial.artefact.sha256);
  if (path && existsSync(path)) {
    if (sha256(await readFile(path)) !== trial.artefact.sha256) throw changed(trial, [`the bytes of ${path} have changed`]);
    return path;
  }
  const message = `the model of trial ${trial.number} is not where it was written: ${path ?? folder}. ${wayBack(record, trial, db, folder)}`;
  throw new NasError('ARTEFACT_MISSING', message, {
    facts: { trial: trial.number, path: path ?? null },
    exitCode: exitCodes.failure,
  });
}

/** The file must measure as it did. Throws NasError EXPORT_MISMATCH; nothing is written. */
function checkRecord(trial: MeasuredTrial, measured: RemeasureResult): void {
  const wrong = mismatches(trial.metrics, measured.metrics).map(
    ({ metric, recorded, measured: now }) => `${metric} was ${recorded}, is ${now}`,
  );
  if (wrong.length > 0) throw changed(trial, wrong);
}

function changed({ number }: MeasuredTrial, wrong: readonly string[]): NasError {
  const message = `the model of trial ${number} is not what was recorded: ${wrong.join('; ')}. Nothing was exported.`;
  return new NasError('EXPORT_MISMATCH', message, { facts: { trial: number, wrong }, exitCode: exitCodes.failure });
}

function certify(view: StudyView, trial: MeasuredTrial, baseline: MeasuredTrial, measured: RemeasureResult): Certificate {
  const { record } = view;
  const handed = handedOver(view, trial.number);
  const facts = factsOf(record);
  const { file, hash } = record.space;
  return {
    format: 'espalier-certificate/1',
    createdAt: new Date().toISOString(),
    model: { file: 'model.onnx', sha256: measured.sha256, bytes: measured.bytes },
    study: record.name,
    trial: trial.number,
    recorded: trial.metrics,
    measured: measured as unknown as Json,
    baseline: baseline.metrics,
    candidate: trial.candidate,
    plan: meaningOf(facts.space).plan(trial.candidate),
    ...firstAidOf(trial.details),
    reproduce: {
      command: reproducing(view, trial.number),
      ...(handed > 0 ? { handedOver: handed } : {}),
      seed: record.seed,
      space: { file, sha256: hash },
      versions: { ...facts.versions },
    },
  };
}

/** What the formats and the model card are made from: the bytes, and what was measured on them just now. */
function exportSource(model: Uint8Array, certificate: Certificate, measured: RemeasureResult): ExportSource {
  const { classes, test } = measured;
  const { name, shape, preprocessing } = measured.input;
  const [, channels, height, width] = shape;
  const { formula: _, ...pictures } = preprocessing;
  const input = { name, shape: [channels, height, width] as const, ...pictures };
  const recall = test.perClass.map((each) => each.recall);
  return { model, certificate, input, classes, testAccuracy: test.accuracy, testImages: test.images, recall };
}

function firstAidOf(details: Json | undefined): { readonly firstAid?: Json } {
  const { firstAid } = (details ?? {}) as { readonly firstAid?: Json };
  return firstAid === undefined ? {} : { firstAid };
}
