import { join } from 'node:path';
import { NasError, pick } from '../../core/errors.ts';
import { formatBytes, formatPercent, formatRatio } from '../../dashboard/format.ts';
import type { ExportFormat } from '../../export/formats/format.ts';
import { exportFormats } from '../../export/formats/index.ts';
import { checkFolder, exportFiles, writeFolder } from '../../export/write.ts';
import { readStudy } from '../../store/index.ts';
import { spaceFiles } from '../given-networks.ts';
import type { StudyOptions } from '../options.ts';
import { note, print, printJson } from '../output.ts';
import { choiceOf, pickOf, ruleNamed } from '../picking.ts';
import { showWait } from '../progress-line.ts';
import { certified, checkFormats, doneTrial, type Shipment } from '../shipping.ts';
import { withStudy } from '../study-facts.ts';
import { outputWidth, unbroken, wrapped } from '../wrap.ts';
import { exportData } from './export-data.ts';
import { exportFront } from './export-front.ts';
import { exportOptuna } from './export-optuna.ts';
import { findTrial } from './show.ts';

interface ExportFlags extends StudyOptions {
  readonly trial?: number;
  readonly rule?: string;
  readonly front?: boolean;
  readonly out?: string;
  /** Names of further formats, apart or with a comma. */
  readonly format?: readonly string[];
  readonly optuna?: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** `nas export`: one model as a folder, the whole front, or the whole study as data. */
export async function runExport(flags: ExportFlags): Promise<void> {
  const { out, optuna, data } = flags;
  const names = (flags.format ?? []).flatMap((each) => each.split(',')).filter((name) => name !== '');
  const formats = [...new Set(names)].map((name) => pick('format', exportFormats, name));
  if (optuna !== undefined) exportOptuna({ ...flags, optuna });
  else if (data !== undefined) await exportData({ ...flags, data });
  else if (out === undefined) throw nowhere();
  else if (flags.front) await exportFront({ ...flags, out, formats });
  else await exportModel({ ...flags, out, formats });
}

const nowhere = () =>
  new NasError(
    'EXPORT_FOLDER',
    'say where to: --out DIR for a model (with --front for all of the front), --data FILE.csv or --optuna FILE for the study.',
  );

interface ModelExport extends Omit<ExportFlags, 'format' | 'out'> {
  readonly out: string;
  readonly formats: typeof exportFormats;
}

/** The measured bytes of one trial, measured again by a fresh process, with a certificate. */
async function exportModel(options: ModelExport): Promise<void> {
  const { out, formats, db, json } = options;
  await checkFolder(out);
  const view = withStudy(options, (store, record) => readStudy(store, record.name));
  const trial =
    options.trial === undefined
      ? pickOf(ruleNamed(options.rule), choiceOf(view), view.record.name)
      : doneTrial(findTrial(view, options.trial));
  await checkFormats(view, trial, formats, db);
  if (!json) note(`Measuring trial ${trial.number} again on validation and test data …`);
  const measure = (say: Parameters<typeof certified>[3]) => certified(view, trial, { db, formats }, say);
  const shipment = await (json ? measure(() => undefined) : showWait('measuring', measure));
  await writeFolder(out, await exportFiles(shipment.source, spaceFiles(view.record), formats));
  if (json) printJson({ out, ...shipment.source.certificate });
  else print(describe(out, shipment, formats));
}

/** A file or folder that was written, and what it is. */
type Row = readonly [name: string, what: string];

function describe(out: string, { trial, baseline, measured, source }: Shipment, formats: readonly ExportFormat[]): string {
  const smaller = formatRatio((baseline.metrics['size'] ?? Number.NaN) / measured.bytes);
  const { test, validation } = measured;
  const rows: readonly Row[] = [
    ['model.onnx', `trial ${trial.number}, ${formatBytes(measured.bytes)}, ${smaller} smaller than the dense network`],
    ['certificate.json', `accuracy: test ${formatPercent(test.accuracy)}, validation ${formatPercent(validation.accuracy)}`],
    ['README.md', 'the model card'],
    ['space.yaml', 'what it was searched in'],
    ...formats.map((format) => describeFormat(format, source)),
  ];
  const width = Math.max(...rows.map(([name]) => join(out, name).length));
  // Below each other where the folder's name leaves room for that.
  const indent = ' '.repeat(width + 2 <= outputWidth() / 2 ? width + 2 : 4);
  const listed = rows.map(([name, what]) => wrapped(what, indent, `${join(out, name).padEnd(width)}  `));
  const commands = formats.flatMap(({ entry, use }) => (use ? [wrapped(`Open ${entry}: ${unbroken(use(out))}`, '  ')] : []));
  return [...listed, ...commands].join('\n');
}

function describeFormat({ entry, summary }: ExportFormat, { certificate }: Shipment['source']): Row {
  const found = certificate.further?.[entry];
  const measured =
    found && `${formatBytes(found.bytes)}, accuracy: test ${formatPercent(found.test.accuracy)} (${found.runtime})`;
  return [entry, measured ?? summary];
}
