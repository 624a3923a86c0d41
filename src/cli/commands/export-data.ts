import { tableFormatFor, writeTable } from '../../export/tables/index.ts';
import { readStudy } from '../../store/index.ts';
import type { StudyOptions } from '../options.ts';
import { print, printJson } from '../output.ts';
import { withStudy } from '../study-facts.ts';
import { trialRows } from '../trial-rows.ts';

/** `nas export --data FILE`: the whole study as a table, one row per trial. */
export async function exportData(options: StudyOptions & { readonly data: string; readonly json?: boolean }): Promise<void> {
  const { data: file, json } = options;
  tableFormatFor(file);
  const view = withStudy(options, (store, record) => readStudy(store, record.name));
  const rows = trialRows(view);
  await writeTable(file, rows);
  if (json) printJson({ file, study: view.record.name, trials: rows.length });
  else print(`${file}  ${rows.length} trials of "${view.record.name}", one per row`);
}
