import { exitCodes } from '../../core/errors.ts';
import { openControl } from '../../store/index.ts';
import { createApp } from '../../ui/app.ts';
import { pageAssets } from '../../ui/assets.ts';
import { isLoopback, newToken } from '../../ui/guard.ts';
import { Library } from '../../ui/library.ts';
import { listen } from '../../ui/server.ts';
import { hasDesktop, openBrowser } from '../browser.ts';
import { exportHere } from '../export-process.ts';
import type { StudyOptions } from '../options.ts';
import { note, print } from '../output.ts';
import { interrupted } from '../signals.ts';
import { detailsOf, headOf } from '../study-picture.ts';

interface UiFlags extends StudyOptions {
  readonly port?: number;
  readonly host: string;
  readonly open?: boolean;
}

/** `nas ui`: serves the page until it is interrupted. Returns the exit code. */
export async function ui(flags: UiFlags): Promise<number> {
  const { db, host } = flags;
  const channel = openControl(db, 'watch');
  const library = new Library({
    db,
    headOf: (record) => headOf(record, db),
    statusOf: (study) => channel.status(study),
  });
  // A study that is not there or damaged is refused before anything is served; a large one is read before somebody waits for it.
  const [latest] = library.list();
  const study = flags.study ?? latest?.name;
  if (study !== undefined) library.study(study);
  const token = newToken();
  const app = createApp({
    library,
    assets: await pageAssets(),
    host,
    token,
    study,
    detailsOf,
    exportTrial: (name, trial, folder) => exportHere({ db, study: name, trial, folder }),
  });
  const server = await listen(app, host, flags.port);
  const address = `http://${nameOf(host)}:${server.port}/${isLoopback(host) ? '' : `?token=${token}`}`;
  print(address);
  note('The page follows the search by itself. Ctrl-C ends it.');
  if (flags.open ?? hasDesktop()) openBrowser(address);
  await interrupted();
  await server.close();
  channel.close();
  return exitCodes.ok;
}

/** What a browser calls the address that a server is bound to. */
function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
