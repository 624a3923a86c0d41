import { totalmem } from 'node:os';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { isSameSecret } from '../core/secret.ts';
import type { LatencyResult } from '../network/metrics/latency.ts';
import type { TimedFiles } from '../network/metrics/timing.ts';
import { SentFiles } from './files.ts';
import { type Accepted, type DeviceFacts, fileName, type Refusal, type TimingRequest } from './protocol.ts';
import { type TimedEvent, Timings } from './timings.ts';

export interface DeviceOptions {
  /** Looks at every request first. */
  readonly guard?: MiddlewareHandler;
  /** Absent: whoever reaches it is let in. */
  readonly token: string | undefined;
  readonly facts: DeviceFacts;
  /** Measures; called for one timing at a time. */
  readonly time: (timing: TimedFiles) => Promise<LatencyResult>;
  readonly timed?: (event: TimedEvent) => void;
  /** A question for a timing is answered after this long, done or not. */
  readonly answerMs?: number;
}

/** Of one file, and of all that are kept: a small board has little memory. */
const mostFileBytes = 1 << 30;
const mostKeptBytes = Math.min(1 << 30, totalmem() / 8);

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const option = (least: number, most: number) => z.number().min(least).max(most).optional();

const timingRequest = z.strictObject({
  candidate: hash,
  baseline: hash,
  images: hash,
  input: z.strictObject({
    name: z.string(),
    shape: z.array(z.int().min(1)).min(1).max(8),
    kinds: z
      .array(z.strictObject({ share: z.number(), count: z.int().min(1) }))
      .min(1)
      .max(64),
  }),
  threads: z.int().min(1).max(256),
  options: z.strictObject({
    targetWidth: option(0, 1),
    sittings: option(1, 100),
    targetPrediction: option(0, 1).or(z.null().transform(() => Number.POSITIVE_INFINITY)),
    maxRounds: option(1, 100_000),
    maxSeconds: option(0, 60),
    warmup: option(0, 1000),
  }),
});

/** The server of `nas device`; see protocol.ts. */
export function createDevice({ guard, token, facts, time, timed, answerMs = 5000 }: DeviceOptions): Hono {
  const app = new Hono();
  const files = new SentFiles(mostKeptBytes);
  const timings = new Timings(time, timed);
  if (guard) app.use(guard);
  app.use(async (context, next) => {
    if (token === undefined || isSameSecret(context.req.header('authorization') ?? '', `Bearer ${token}`)) return next();
    return refuse(context, 401, { code: 'DEVICE_TOKEN', message: 'it asks for its token' });
  });
  app.get('/facts', (context) => context.json(facts));
  // Hono answers HEAD with what GET would say.
  app.get('/files/:name', (context) =>
    files.has(context.req.param('name')) ? context.body('') : refuse(context, 404, notThere([context.req.param('name')])),
  );
  app.put('/files/:name', bodyLimit({ maxSize: mostFileBytes }), async (context) => {
    const bytes = new Uint8Array(await context.req.arrayBuffer());
    const name = context.req.param('name');
    if (fileName(bytes) !== name) return refuse(context, 400, { code: 'DEVICE_FILE', message: 'a file was cut off on its way' });
    files.put(name, bytes);
    return context.body('');
  });
  app.post('/time', bodyLimit({ maxSize: 1 << 20 }), async (context) => {
    const request = timingRequest.safeParse(await context.req.json().catch(() => undefined));
    if (!request.success)
      return refuse(context, 400, { code: 'DEVICE_VERSION', message: 'it does not understand what it is asked' });
    const wanted = request.data as TimingRequest;
    const missing = missingOf(files, wanted);
    if (missing.length > 0) return refuse(context, 409, notThere(missing));
    const timing = timingOf(files, wanted);
    if (typeof timing === 'string') return refuse(context, 400, { code: 'DEVICE_FAILED', message: timing });
    return context.json({ timing: timings.add(timing) } satisfies Accepted, 202);
  });
  app.get('/time/:number', async (context) => {
    const state = await timings.wait(Number(context.req.param('number')), answerMs);
    if (state === undefined)
      return refuse(context, 404, { code: 'DEVICE_FORGOT', message: 'it does not know this timing any more' });
    if (state === 'waits') return context.body('', 202);
    if ('latency' in state) return context.json({ latency: state.latency });
    return refuse(context, 422, state);
  });
  return app;
}

const refuse = (context: Context, status: 400 | 401 | 404 | 409 | 422, refusal: Refusal) => context.json(refusal, status);

const notThere = (missing: readonly string[]): Refusal => ({
  code: 'DEVICE_FILE',
  message: 'it does not have a file any more',
  missing,
});

const missingOf = (files: SentFiles, { candidate, baseline, images }: TimingRequest): string[] =>
  [candidate, baseline, images].filter((name) => !files.has(name));

/** What the process measures; a text where the images are not as many as the request says. */
function timingOf(
  files: SentFiles,
  { candidate, baseline, images, input, threads, options }: TimingRequest,
): TimedFiles | string {
  const bytes = files.get(images)!;
  const size = input.shape.reduce((product, side) => product * side, 1);
  const count = input.kinds.reduce((sum, kind) => sum + kind.count, 0);
  if (bytes.length !== 4 * size * count)
    return `${bytes.length} bytes are not ${count} runs of ${input.shape.join(' × ')} numbers`;
  const data = new Float32Array(bytes.slice().buffer);
  let next = 0;
  const kinds = input.kinds.map((kind) => ({
    share: kind.share,
    images: Array.from({ length: kind.count }, () => data.slice(next * size, ++next * size)),
  }));
  const { name, shape } = input;
  return { candidate: files.get(candidate)!, baseline: files.get(baseline)!, input: { name, shape, kinds }, threads, options };
}
