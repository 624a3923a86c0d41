import { existsSync, readFileSync } from 'node:fs';
import { exitCodes, NasError } from '../core/errors.ts';
import type { StudyRecord, TrialStore } from '../core/store.ts';
import { counted } from '../core/words.ts';
import { foldLog } from '../search/study/log.ts';
import { checkFile, openStore, readStudy } from '../store/index.ts';
import { artefactPath, sha256 } from '../trial/artefacts.ts';
import { artefactFolder } from './artefact-folder.ts';
import { shippable } from './garbage.ts';
import { print, printJson } from './output.ts';

interface DatabaseReport {
  readonly studies: number;
  readonly trials: number;
  /** Models of fronts, and those that they are compared with, that were read and hashed. */
  readonly models: number;
  readonly problems: readonly string[];
}

/** The database's pages, the events of every study, and the models of every front. Returns the exit code. */
export function verifyDatabase({ db, json }: { readonly db: string; readonly json?: boolean }): number {
  const report = reportOn(db);
  const { studies, trials, models, problems } = report;
  if (json) printJson({ db, ...report });
  else if (problems.length > 0) print([...problems, `${db} is damaged.`].join('\n'));
  else
    print(
      `${db}: ${counted(studies, 'study', 'studies')}, ${counted(trials, 'trial')}, ${counted(models, 'model')} of fronts, baselines and favourites: nothing wrong.`,
    );
  return problems.length === 0 ? exitCodes.ok : exitCodes.failure;
}

function reportOn(db: string): DatabaseReport {
  const pages = checkFile(db);
  if (pages.length > 0) return { studies: 0, trials: 0, models: 0, problems: pages };
  const store = openStore(db, { mode: 'read' });
  try {
    const studies = store.list().map((record) => checkStudy(store, record, artefactFolder(db)));
    return {
      studies: studies.length,
      trials: studies.reduce((sum, { trials }) => sum + trials, 0),
      models: studies.reduce((sum, { models }) => sum + models, 0),
      problems: studies.flatMap(({ problems }) => problems),
    };
  } finally {
    store.close();
  }
}

type StudyReport = Omit<DatabaseReport, 'studies'>;

function checkStudy(store: TrialStore, { name }: StudyRecord, folder: string): StudyReport {
  try {
    foldLog(name, store.events(name));
    const view = readStudy(store, name);
    const models = shippable(view).flatMap(({ number, artefact }) => (artefact ? [{ number, ...artefact }] : []));
    const problems = models.flatMap(({ number, sha256: hash }) => {
      const wrong = fault(artefactPath(folder, hash), hash);
      return wrong === undefined ? [] : [`study "${name}", trial ${number}: its model ${wrong}: ${artefactPath(folder, hash)}`];
    });
    return { trials: view.trials.length, models: models.length, problems };
  } catch (error) {
    if (!(error instanceof NasError)) throw error;
    return { trials: 0, models: 0, problems: [error.message] };
  }
}

function fault(path: string, hash: string): string | undefined {
  if (!existsSync(path)) return 'is missing';
  return sha256(readFileSync(path)) === hash ? undefined : 'is damaged';
}
