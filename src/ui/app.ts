import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { NasError } from '../core/errors.ts';
import type { LiveStudy } from '../report/study/live-study.ts';
import type { TrialDetails } from '../report/study/picture.ts';
import type { StudyView } from '../store/index.ts';
import type { PageAssets } from './assets.ts';
import { icon, liveDocument } from './document.ts';
import { isLoopback, onlyFromPage, onlyOwnHost, onlyWithToken } from './guard.ts';
import type { Library } from './library.ts';

export interface AppOptions {
  readonly library: Library;
  readonly assets: PageAssets;
  /** The address that the server is bound to. */
  readonly host: string;
  readonly token: string;
  /** The study that is shown first: the latest where left out. */
  readonly study?: string | undefined;
  readonly detailsOf: (view: StudyView, trial: number) => TrialDetails | undefined;
  /** Writes the model of a trial into a new folder; resolves to what a person is told. */
  readonly exportTrial: (study: string, trial: number, folder: string) => Promise<string>;
  /** How often a study is looked at while somebody watches it. */
  readonly pollMs?: number;
}

const defaultPollMs = 500;
/** Silence after which a comment shows that the line is alive. */
const heartbeatMs = 15_000;

/** The web server of `nas ui`, without a socket: reads the database, and writes nothing but exports that are asked for. */
export function createApp(options: AppOptions): Hono {
  const { library, assets, host, token } = options;
  const app = new Hono();
  app.use(policy());
  app.use(onlyOwnHost(host));
  if (!isLoopback(host)) app.use(onlyWithToken(token));
  app.onError((error, context) => {
    const { status, ...told } = answerTo(error);
    return context.json(told, status);
  });
  app.notFound((context) => context.json({ code: 'UI_NOT_FOUND', message: 'there is nothing at this address.' }, 404));

  app.get('/', (context) => context.html(liveDocument(token)));
  app.get('/main.js', (context) => context.body(assets.script, 200, { 'content-type': 'text/javascript; charset=utf-8' }));
  app.get('/main.css', (context) => context.body(assets.style, 200, { 'content-type': 'text/css; charset=utf-8' }));
  app.get('/icon.svg', (context) => context.body(icon, 200, { 'content-type': 'image/svg+xml' }));

  app.get('/api/studies', (context) => context.json({ studies: library.list(), first: options.study ?? null }));
  app.get('/api/studies/:study', (context) => {
    const study = library.study(context.req.param('study'));
    return context.body(wholeOf(study), 200, { 'content-type': 'application/json' });
  });
  app.get('/api/studies/:study/trials/:trial', (context) => {
    const { view } = library.study(context.req.param('study'));
    const details = options.detailsOf(view, Number(context.req.param('trial')));
    if (details) return context.json(details);
    return context.json({ code: 'TRIAL_MISSING', message: `the study has ${view.trials.length} trials, from 0 on.` }, 404);
  });
  app.get('/api/studies/:study/changes', (context) => {
    const name = context.req.param('study');
    const from = Number(context.req.header('last-event-id') ?? context.req.query('from') ?? -1);
    library.study(name);
    // A study that cannot be read any more ends the stream; the page then says that there is no connection.
    return streamSSE(context, (stream) => sendChanges(stream, { name, from, ...options }), ended);
  });
  app.post('/api/studies/:study/trials/:trial/export', onlyFromPage(token), bodyLimit({ maxSize: 10_000 }), async (context) => {
    const { folder } = await context.req.json<{ readonly folder?: unknown }>();
    const { study, trial } = context.req.param();
    return context.json({ message: await options.exportTrial(study, Number(trial), String(folder)) });
  });
  return app;
}

const texts = new WeakMap<LiveStudy, { readonly position: number; readonly live: boolean; readonly text: string }>();

/** A study as it is sent; of one that did not change, the same text. */
function wholeOf(study: LiveStudy): string {
  const { head, live, view } = study;
  const known = texts.get(study);
  if (known?.position === view.position && known.live === live) return known.text;
  const text = JSON.stringify({ head, change: study.changesSince(-1) });
  texts.set(study, { position: view.position, live, text });
  return text;
}

/** Scripts, styles and data come from this server alone; nothing is kept by the browser. */
const policy = () =>
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      connectSrc: ["'self'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    referrerPolicy: 'no-referrer',
    xFrameOptions: 'DENY',
    strictTransportSecurity: false,
  });

interface Told {
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly message: string;
}

const notThere = new Set(['STUDY_MISSING', 'STORE_MISSING', 'TRIAL_MISSING']);

function answerTo(error: Error): Told {
  if (error instanceof NasError)
    return { status: notThere.has(error.code) ? 404 : 409, code: error.code, message: error.message };
  if (error instanceof SyntaxError) return { status: 400, code: 'UI_REQUEST', message: 'the request is no JSON.' };
  return { status: 500, code: 'UI_FAILED', message: error.message };
}

interface Watch extends AppOptions {
  readonly name: string;
  readonly from: number;
}

/** Hono then sends an event "error" and closes the stream. */
const ended = (): Promise<void> => Promise.resolve();

/** What changes, as it changes, until the page goes away. */
async function sendChanges(stream: SSEStreamingApi, { library, name, from, pollMs = defaultPollMs }: Watch): Promise<void> {
  let position = from;
  let live: boolean | undefined;
  let heardAt = 0;
  let silentMs = 0;
  while (!stream.aborted && !stream.closed) {
    const study = library.study(name);
    const isNews = study.view.position > position || study.live !== live;
    if (isNews) {
      const change = study.changesSince(position);
      await stream.writeSSE({ event: 'change', id: String(change.position), data: JSON.stringify(change) });
      ({ position, live } = change);
    }
    const passing = library.passing(study);
    if (passing.at !== heardAt) await stream.writeSSE({ event: 'passing', data: JSON.stringify(passing) });
    heardAt = passing.at;
    silentMs = isNews ? 0 : silentMs + pollMs;
    if (silentMs >= heartbeatMs) {
      await stream.write(': still here\n\n');
      silentMs = 0;
    }
    await stream.sleep(pollMs);
  }
}
