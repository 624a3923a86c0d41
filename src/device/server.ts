import { timingSafeEqual } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { NasError } from '../core/errors.ts';
import type { LatencyResult } from '../network/metrics/latency.ts';
import { SentFiles } from './files.ts';
import { type DeviceFacts, fileName, type Refusal, type TimingRequest } from './protocol.ts';
import type { Timing } from './timing-process.ts';

export interface DeviceOptions {
  /** Absent: whoever reaches it is let in. */
  readonly token: string | undefined;
  readonly facts: DeviceFacts;
  /** Measures; called for one timing at a time. */
  readonly time: (timing: Timing) => Promise<LatencyResult>;
  readonly timed?: (event: TimedEvent) => void;
}

export interface TimedEvent {
  /** Of the candidate's file. */
  readonly bytes: number;
  readonly latency: LatencyResult;
}

/** Of one file, and of all that are kept. */
const mostFileBytes = 1 << 30;
const mostKeptBytes = 1 << 30;

const hash = z.string().regex(/^[0-9a-f]{64}$/);

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
  options: z.record(
    z.string(),
    z
      .number()
      .nullable()
      .transform((value) => value ?? Number.POSITIVE_INFINITY),
  ),
});

/** The server of `nas device`; see protocol.ts. */
export function createDevice({ token, facts, time, timed }: DeviceOptions): Hono {
  const app = new Hono();
  const files = new SentFiles(mostKeptBytes);
  const alone = oneAtATime();
  app.use(async (context, next) => {
    if (token === undefined || isSame(context.req.header('authorization') ?? '', `Bearer ${token}`)) return next();
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
    const missing = missingOf(files, request.data);
    if (missing.length > 0) return refuse(context, 409, notThere(missing));
    const timing = timingOf(files, request.data);
    if (typeof timing === 'string') return refuse(context, 400, { code: 'DEVICE_FAILED', message: timing });
    try {
      const latency = await alone(() => time(timing));
      timed?.({ bytes: timing.candidate.length, latency });
      return context.json({ latency });
    } catch (error) {
      const code = error instanceof NasError ? error.code : 'DEVICE_FAILED';
      return refuse(context, 422, { code, message: error instanceof Error ? error.message : String(error) });
    }
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
function timingOf(files: SentFiles, { candidate, baseline, images, input, threads, options }: TimingRequest): Timing | string {
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

/** Work waits for all that came before it. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
