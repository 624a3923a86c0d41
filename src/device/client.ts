import { setTimeout as sleep } from 'node:timers/promises';
import { NasError } from '../core/errors.ts';
import { elementCount, type Shape } from '../network/ir/graph.ts';
import type { ImageKind, LatencyOptions, LatencyResult } from '../network/metrics/latency.ts';
import { type DeviceFacts, fileName, protocolVersion, type Refusal, type TimingAnswer, type TimingRequest } from './protocol.ts';

/** Where a device is, and the word that it lets in. */
export interface DeviceAddress {
  readonly url: string;
  readonly token: string | undefined;
}

/** The environment variable with the token: no file should hold it. */
export const tokenVariable = 'NAS_DEVICE_TOKEN';

export const addressOf = (url: string): DeviceAddress => ({ url, token: process.env[tokenVariable] });

/** Two files to be timed in turns, as `measureLatency` has them. */
export interface DeviceJob {
  readonly candidate: Uint8Array;
  readonly baseline: Uint8Array;
  readonly input: { readonly name: string; readonly shape: Shape; readonly kinds: readonly ImageKind[] };
  readonly threads: number;
  readonly options: Partial<LatencyOptions>;
}

const factsTimeoutMs = 10_000;

/**
 * What the device is.
 *
 * @throws NasError DEVICE_UNREACHABLE, DEVICE_TOKEN, DEVICE_VERSION.
 */
export async function deviceFacts(address: DeviceAddress): Promise<DeviceFacts> {
  const response = await ask(address, 'facts', { signal: AbortSignal.timeout(factsTimeoutMs) }).catch((error: unknown) => {
    throw unreachable(address, error);
  });
  if (!response.ok) throw await refusal(address, response);
  const facts = (await response.json().catch(() => ({}))) as DeviceFacts;
  if (facts.protocol === protocolVersion) return facts;
  const message = `${address.url} is not a nas device of this version. Start \`nas device\` there, of the same version of Espalier as here.`;
  throw new NasError('DEVICE_VERSION', message, { facts: { url: address.url, protocol: facts.protocol ?? null } });
}

interface Patience {
  /** Milliseconds that a device which does not answer is waited for, in all. */
  readonly patience?: number;
  /** Called before every wait, with its length. */
  readonly waits?: (ms: number) => void;
}

const patienceMs = 180_000;
const firstWaitMs = 500;
const longestWaitMs = 20_000;

/**
 * Has two files timed by the device. Where it does not answer it is asked again, for some minutes: it may be starting anew.
 *
 * @throws NasError DEVICE_UNREACHABLE where it stays away, DEVICE_TOKEN, DEVICE_FAILED where it cannot time these files.
 */
export async function timeThere(
  address: DeviceAddress,
  job: DeviceJob,
  { patience = patienceMs, waits }: Patience = {},
): Promise<LatencyResult> {
  const giveUpAt = performance.now() + patience;
  for (let wait = firstWaitMs; ; wait = Math.min(2 * wait, longestWaitMs)) {
    try {
      return await timeOnce(address, job);
    } catch (error) {
      if (error instanceof NasError) throw error;
      if (performance.now() + wait > giveUpAt) throw unreachable(address, error);
      waits?.(wait);
      await sleep(wait);
    }
  }
}

async function timeOnce(
  address: DeviceAddress,
  { candidate, baseline, input, threads, options }: DeviceJob,
): Promise<LatencyResult> {
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
  for (const [name, bytes] of files) await send(address, name, bytes);
  const response = await ask(address, 'time', { method: 'POST', body: JSON.stringify(request) });
  if (response.ok) return ((await response.json()) as TimingAnswer).latency;
  // Many others have sent files meanwhile: theirs took the place of these, which are sent again.
  if (response.status === 409) throw new Error('the device has let go of a file');
  throw await refusal(address, response);
}

/** Does nothing where the device has the file. */
async function send(address: DeviceAddress, name: string, bytes: Uint8Array): Promise<void> {
  const known = await ask(address, `files/${name}`, { method: 'HEAD' });
  if (known.ok) return;
  const response = await ask(address, `files/${name}`, { method: 'PUT', body: bytes as Uint8Array<ArrayBuffer> });
  if (!response.ok) throw await refusal(address, response);
}

function ask({ url, token }: DeviceAddress, path: string, init: RequestInit): Promise<Response> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return fetch(new URL(path, url.endsWith('/') ? url : `${url}/`), { ...init, headers });
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
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
  const message = `the device at ${url} does not answer (${cause}). Is \`nas device\` running there, and the address right?`;
  return new NasError('DEVICE_UNREACHABLE', message, { facts: { url }, cause: error });
}
