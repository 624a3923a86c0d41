import { setTimeout as sleep } from 'node:timers/promises';
import { NasError } from '../core/errors.ts';
import { elementCount } from '../network/ir/graph.ts';
import type { ImageKind, LatencyResult } from '../network/metrics/latency.ts';
import type { TimedFiles } from '../network/metrics/timing.ts';
import {
  type Accepted,
  type DeviceFacts,
  fileName,
  protocolVersion,
  type Refusal,
  type TimingAnswer,
  type TimingRequest,
} from './protocol.ts';

/** Where a device is, and the word that it lets in. */
export interface DeviceAddress {
  readonly url: string;
  readonly token: string | undefined;
}

/** The environment variable with the token: no file should hold it. */
export const tokenVariable = 'NAS_DEVICE_TOKEN';

export const addressOf = (url: string): DeviceAddress => ({ url, token: process.env[tokenVariable] || undefined });

const factsTimeoutMs = 10_000;

/**
 * What the device is.
 *
 * @throws NasError DEVICE_UNREACHABLE, DEVICE_TOKEN, DEVICE_VERSION.
 */
export async function deviceFacts(address: DeviceAddress): Promise<DeviceFacts> {
  const response = await ask(address, 'facts', { signal: AbortSignal.timeout(factsTimeoutMs) }).catch((error: unknown) => {
    throw error instanceof NoAnswer ? unreachable(address, error.cause) : error;
  });
  if (!response.ok) throw await refusal(address, response);
  const facts = (await response.json().catch(() => ({}))) as DeviceFacts;
  if (facts.protocol === protocolVersion) return facts;
  const message = `${address.url} is not a nas device of this version. Start \`nas device\` there, of the same version of Espalier as here.`;
  throw new NasError('DEVICE_VERSION', message, { facts: { url: address.url, protocol: facts.protocol ?? null } });
}

interface Patience {
  /** Milliseconds that a device which does not answer is waited for. */
  readonly patience?: number;
  /** Called every few seconds while it is waited for, with whether the device answers; ends the wait by what it throws. */
  readonly waits?: (answers: boolean) => void;
}

const patienceMs = 180_000;
const firstWaitMs = 500;
const longestWaitMs = 5000;

/**
 * Has two files timed by the device. Where it does not answer it is asked again, for some minutes: it may be starting anew.
 *
 * @throws NasError DEVICE_UNREACHABLE where it stays away, DEVICE_TOKEN, DEVICE_FAILED where it cannot time these files; what
 * `waits` throws.
 */
export async function timeThere(
  address: DeviceAddress,
  job: TimedFiles,
  { patience = patienceMs, waits }: Patience = {},
): Promise<LatencyResult> {
  const work = requestOf(job);
  let answeredAt = performance.now();
  const answered = () => {
    waits?.(true); // may take long, where the study is paused
    answeredAt = performance.now();
  };
  for (let wait = firstWaitMs; ; wait = Math.min(2 * wait, longestWaitMs)) {
    const before = answeredAt;
    try {
      return await timeOnce(address, work, answered);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      if (answeredAt !== before) wait = firstWaitMs;
      if (performance.now() + wait > answeredAt + patience) throw unreachable(address, error.cause);
      const askedAt = performance.now();
      waits?.(false);
      answeredAt += performance.now() - askedAt;
      await sleep(wait);
    }
  }
}

/** The device cannot be reached, or is not itself: it may be soon. */
class NoAnswer extends Error {}

interface Work {
  readonly request: TimingRequest;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

function requestOf({ candidate, baseline, input, threads, options = {} }: TimedFiles): Work {
  const { name, shape, kinds } = input;
  const images = joined(kinds, elementCount(shape));
  const files = new Map([candidate, baseline, images].map((bytes) => [fileName(bytes), bytes]));
  const request: TimingRequest = {
    candidate: fileName(candidate),
    baseline: fileName(baseline),
    images: fileName(images),
    input: { name, shape, kinds: kinds.map((kind) => ({ share: kind.share, count: kind.images.length })) },
    threads,
    options,
  };
  return { request, files };
}

/** Others may send files meanwhile, which take the place of these: they are sent again, so often. */
const mostSendings = 5;

async function timeOnce(address: DeviceAddress, { request, files }: Work, answered: () => void): Promise<LatencyResult> {
  for (let sendings = 1; ; sendings++) {
    for (const [name, bytes] of files) await send(address, name, bytes, answered);
    const response = await ask(address, 'time', { method: 'POST', body: JSON.stringify(request) });
    if (response.ok) return answerOf(address, ((await response.json()) as Accepted).timing, answered);
    if (response.status !== 409 || sendings === mostSendings) throw await refusal(address, response);
  }
}

async function answerOf(address: DeviceAddress, timing: number, answered: () => void): Promise<LatencyResult> {
  for (;;) {
    const response = await ask(address, `time/${timing}`, { signal: AbortSignal.timeout(60_000) });
    // It was started anew since.
    if (response.status === 404) throw new NoAnswer('', { cause: new Error('it has forgotten the timing') });
    if (!response.ok) throw await refusal(address, response);
    answered();
    if (response.status === 200) return ((await response.json()) as TimingAnswer).latency;
  }
}

/** Does nothing where the device has the file. */
async function send(address: DeviceAddress, name: string, bytes: Uint8Array, answered: () => void): Promise<void> {
  const known = await ask(address, `files/${name}`, { method: 'HEAD' });
  answered();
  if (known.ok) return;
  const response = await ask(address, `files/${name}`, { method: 'PUT', body: bytes as Uint8Array<ArrayBuffer> });
  if (!response.ok) throw await refusal(address, response);
}

/** Throws NoAnswer. */
async function ask({ url, token }: DeviceAddress, path: string, init: RequestInit): Promise<Response> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(new URL(path, url.endsWith('/') ? url : `${url}/`), { ...init, headers }).catch(
    (error: unknown) => {
      throw new NoAnswer('', { cause: error });
    },
  );
  if (response.status >= 500) throw new NoAnswer('', { cause: new Error(`status ${response.status}`) });
  return response;
}

function joined(kinds: readonly ImageKind[], size: number): Uint8Array {
  const images = kinds.flatMap((kind) => kind.images);
  const data = new Float32Array(images.length * size);
  images.forEach((image, i) => {
    data.set(image, i * size);
  });
  return new Uint8Array(data.buffer);
}

async function refusal({ url }: DeviceAddress, response: Response): Promise<NasError> {
  const { code = 'DEVICE_FAILED', message = `it answers with status ${response.status}` } = (await response
    .json()
    .catch(() => ({}))) as Partial<Refusal>;
  if (response.status !== 401) return new NasError(code, `the device at ${url}: ${message}`, { facts: { url } });
  const said = `the device at ${url} does not know this search. Set ${tokenVariable} here to the token that \`nas device\` printed there.`;
  return new NasError('DEVICE_TOKEN', said, { facts: { url } });
}

function unreachable({ url }: DeviceAddress, error: unknown): NasError {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const cause = inner instanceof Error ? inner.message || inner.name : String(inner);
  const message = `the device at ${url} does not answer (${cause}). Is \`nas device\` running there, and the address right?`;
  return new NasError('DEVICE_UNREACHABLE', message, { facts: { url }, cause: error });
}
