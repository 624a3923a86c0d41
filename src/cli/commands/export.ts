import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { exitCodes, NasError, pick } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { Trial } from '../../core/trial.ts';
import { formatBytes, formatPercent, formatRatio } from '../../dashboard/format.ts';
import { type Certificate, mismatches } from '../../export/certificate.ts';
import type { ExportSource } from '../../export/formats/format.ts';
import { exportFormats } from '../../export/formats/index.ts';
import { checkFolder, exportFiles, writeFolder } from '../../export/write.ts';
import { readStudy, type StudyView } from '../../store/index.ts';
import { artefactPath } from '../../trial/artefacts.ts';
import type { RemeasureResult } from '../../trial/remeasure.ts';
import { artefactFolder, baselineFolder } from '../folders.ts';
import { meaningOf } from '../meaning.ts';
import type { StudyOptions } from '../options.ts';
import { note, print, printJson } from '../output.ts';
import { choiceOf, pickOf, ruleNamed } from '../picking.ts';
import { remeasureInProcess } from '../remeasure.ts';
import { factsOf, withStudy } from '../study-facts.ts';
import { exportOptuna } from './export-optuna.ts';
import { findTrial } from './show.ts';

type DoneTrial = Extract<Trial, { state: 'done' }>;

interface ExportOptions extends StudyOptions {
  readonly trial?: number;
  readonly rule?: string;
  readonly out: string;
  /** Names of further formats. */
  readonly format?: readonly string[];
  readonly json?: boolean;
}

/** `nas export`: one model as a folder, or the whole study for Optuna. */
export async function runExport({
  out,
  optuna,
  ...rest
}: Omit<ExportOptions, 'out'> & { readonly out?: string; readonly optuna?: string }): Promise<void> {
  if (optuna !== undefined) exportOptuna({ ...rest, optuna });
  else if (out !== undefined) await exportModel({ ...rest, out });
  else throw new NasError('EXPORT_FOLDER', 'say where to: --out DIR for a model, or --optuna FILE for the whole study.');
}

/** The measured bytes of one trial, measured again by a fresh process, with a certificate. */
async function exportModel(options: ExportOptions): Promise<void> {
  const formats = (options.format ?? []).map((name) => pick('format', exportFormats, name));
  await checkFolder(options.out);
  const view = withStudy(options, (store, record) => readStudy(store, record.name));
  const trial =
    options.trial === undefined
      ? pickOf(ruleNamed(options.rule), choiceOf(view), view.record.name)
      : doneTrial(findTrial(view, options.trial));
  const baseline = doneTrial(findTrial(view, 0));
  const folder = artefactFolder(options.db);
  const model = artefactOf(trial, folder);
  if (!options.json) note(`Measuring trial ${trial.number} again on validation and test data …`);
  const setup = { ...factsOf(view.record).sections, metrics: factsOf(view.record).metrics, artefactFolder: folder };
  const request = {
    model,
    baseline: artefactOf(baseline, folder),
    setup: { ...setup, baselineFolder: baselineFolder(), threads: availableParallelism() },
  };
  const measured = await remeasureInProcess(request, () => undefined);
  checkRecord(trial, measured);
  const certificate = certify(view, trial, baseline, measured);
  const source = exportSource(await readFile(model), certificate, measured);
  await writeFolder(options.out, exportFiles(source, view.record.space.text, formats));
  if (options.json) printJson({ out: options.out, ...certificate });
  else
    print(
      [describe(options.out, trial, baseline, measured), ...formats.map((format) => `${options.out}: ${format.summary}`)].join(
        '\n',
      ),
    );
}

function doneTrial(trial: Trial): DoneTrial {
  if (trial.state === 'done') return trial;
  throw new NasError('TRIAL_NOT_DONE', `trial ${trial.number} is ${trial.state}: only a finished trial has a model.`, {
    facts: { trial: trial.number, state: trial.state },
  });
}

function artefactOf(trial: DoneTrial, folder: string): string {
  const path = trial.artefact && artefactPath(folder, trial.artefact.sha256);
  if (path && existsSync(path)) return path;
  throw new NasError('ARTEFACT_MISSING', `the model of trial ${trial.number} is not where it was written: ${path ?? folder}.`, {
    facts: { trial: trial.number, path: path ?? null },
    exitCode: exitCodes.failure,
  });
}

/** The file must be the one that was measured, and measure as it did. Throws NasError EXPORT_MISMATCH; nothing is written. */
function checkRecord(trial: DoneTrial, measured: RemeasureResult): void {
  const wrong = mismatches(trial.metrics, measured.metrics).map(
    ({ metric, recorded, measured: now }) => `${metric} was ${recorded}, is ${now}`,
  );
  if (measured.sha256 !== trial.artefact?.sha256) wrong.unshift('its bytes have changed');
  if (wrong.length === 0) return;
  const message = `the model of trial ${trial.number} is not what was recorded: ${wrong.join('; ')}. Nothing was exported.`;
  throw new NasError('EXPORT_MISMATCH', message, { facts: { trial: trial.number, wrong }, exitCode: exitCodes.failure });
}

function certify({ record }: StudyView, trial: DoneTrial, baseline: DoneTrial, measured: RemeasureResult): Certificate {
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
      command: `nas search --space space.yaml --seed ${record.seed} --controller ${record.controller} --trials ${trial.number + 1}`,
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
  const input = { name, shape: [channels, height, width] as const, mean: preprocessing.mean, std: preprocessing.std };
  const recall = test.perClass.map((each) => each.recall);
  return { model, certificate, input, classes, testAccuracy: test.accuracy, testImages: test.images, recall };
}

function describe(out: string, trial: DoneTrial, baseline: DoneTrial, measured: RemeasureResult): string {
  const smaller = formatRatio((baseline.metrics['size'] ?? Number.NaN) / measured.bytes);
  return [
    `${out}/model.onnx        trial ${trial.number}, ${formatBytes(measured.bytes)}, ${smaller} smaller than the dense network`,
    `${out}/certificate.json  accuracy ${formatPercent(measured.test.accuracy)} on test data, ${formatPercent(measured.validation.accuracy)} on validation data`,
    `${out}/README.md         the model card;  ${out}/space.yaml  what it was searched in`,
  ].join('\n');
}

function firstAidOf(details: Json | undefined): { readonly firstAid?: Json } {
  const { firstAid } = (details ?? {}) as { readonly firstAid?: Json };
  return firstAid === undefined ? {} : { firstAid };
}
