import { NasError } from '../../core/errors.ts';
import type { MeasuredTrial } from '../../core/trial.ts';
import { formatBytes, formatPercent } from '../../dashboard/format.ts';
import type { ExportFiles, ExportFormat } from '../../export/formats/format.ts';
import { frontManifest } from '../../export/manifest.ts';
import { checkFolder, exportFiles, writeFolder } from '../../export/write.ts';
import { pickRules } from '../../search/pick/index.ts';
import { readStudy, type StudyView } from '../../store/index.ts';
import { spaceFiles } from '../given-networks.ts';
import type { StudyOptions } from '../options.ts';
import { note, print, printJson } from '../output.ts';
import { attempt, type Choice, choiceOf } from '../picking.ts';
import { progressLine } from '../progress-line.ts';
import { certified, checkFormats, type Shipment } from '../shipping.ts';
import { factsOf, withStudy } from '../study-facts.ts';
import { table } from '../table.ts';

interface FrontExport extends StudyOptions {
  readonly out: string;
  readonly formats: readonly ExportFormat[];
  readonly json?: boolean;
}

/** `nas export --front`: every model of the front, each measured again and certified, under one manifest. */
export async function exportFront({ out, formats, json, ...study }: FrontExport): Promise<void> {
  await checkFolder(out);
  const view = withStudy(study, (store, record) => readStudy(store, record.name));
  const choice = choiceOf(view);
  const { front } = choice;
  if (front.length === 0) throw noFront(view);
  for (const member of front) await checkFormats(view, member, formats, study.db);
  note(`Measuring ${front.length} models again on validation and test data …`);
  const shipments = await certifyAll(view, front, { db: study.db, formats });
  const manifest = frontManifest(view.record.name, factsOf(view.record).goal, shipments.map(entryOf(choice)));
  const files: Record<string, ExportFiles[string]> = { 'manifest.json': `${JSON.stringify(manifest, null, 2)}\n` };
  for (const { trial, source } of shipments) {
    const own = await exportFiles(source, spaceFiles(view.record), formats);
    for (const [name, content] of Object.entries(own)) files[`${folderOf(trial)}/${name}`] = content;
  }
  await writeFolder(out, files);
  if (json) printJson({ out, ...manifest });
  else print([describe(shipments), '', `${out}/manifest.json  ${shipments.length} models, one folder each`].join('\n'));
}

const noFront = ({ record }: StudyView) =>
  new NasError('NO_FRONT', `study "${record.name}" has no front yet: no trial keeps every constraint. nas ls shows its trials.`, {
    facts: { study: record.name },
  });

const folderOf = ({ number }: MeasuredTrial): string => `trial-${String(number).padStart(3, '0')}`;

async function certifyAll(
  view: StudyView,
  front: readonly MeasuredTrial[],
  how: Parameters<typeof certified>[2],
): Promise<readonly Shipment[]> {
  const line = progressLine();
  const shipments: Shipment[] = [];
  for (const [i, member] of front.entries()) {
    line.show('measuring', i, front.length);
    shipments.push(await certified(view, member, how));
  }
  line.clear();
  return shipments;
}

/** A model of the manifest, with the rules of `nas pick` that choose it. */
const entryOf =
  (choice: Choice) =>
  ({ trial, source }: Shipment) => ({
    folder: folderOf(trial),
    source,
    pickedBy: pickRules.filter((rule) => attempt(rule, choice)?.number === trial.number).map(({ name }) => name),
  });

function describe(shipments: readonly Shipment[]): string {
  return table(shipments, [
    { title: 'folder', cell: ({ trial }) => folderOf(trial) },
    { title: 'test accuracy', align: 'right', cell: ({ measured }) => formatPercent(measured.test.accuracy) },
    { title: 'size', align: 'right', cell: ({ measured }) => formatBytes(measured.bytes) },
  ]);
}
