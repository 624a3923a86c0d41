import { createHash } from 'node:crypto';
import type { LatencyOptions, LatencyResult } from '../network/metrics/latency.ts';

/**
 * What a search and a device that times its files say to each other over HTTP, with `authorization: Bearer TOKEN`:
 *
 *   GET  /facts          → DeviceFacts
 *   HEAD /files/SHA256   → 200 where the device still has it, else 404
 *   PUT  /files/SHA256   ← the bytes
 *   POST /time           ← TimingRequest → Accepted; 409 with `missing` where a file is not there any more
 *   GET  /time/NUMBER    → TimingAnswer, or 202 where it is not done after some seconds: ask again. What nobody asks for is not timed.
 *
 * Errors are JSON: a code and a message.
 */

/** Changes when the two do not understand each other any more. */
export const protocolVersion = 1;

export interface DeviceFacts {
  readonly protocol: number;
  /** Such as linux-arm64. */
  readonly platform: string;
  readonly processor: string;
  readonly cores: number;
  readonly onnxruntime: string;
}

/** Files by their SHA-256: two ONNX files with the same input, and images as float32, one after the other. */
export interface TimingRequest {
  readonly candidate: string;
  readonly baseline: string;
  readonly images: string;
  readonly input: {
    readonly name: string;
    /** Of one run: [B, C, H, W]. */
    readonly shape: readonly number[];
    /** How many of the runs' images, in the file's order, take the same time, and their share of all. */
    readonly kinds: readonly { readonly share: number; readonly count: number }[];
  };
  readonly threads: number;
  /** In JSON infinity is null. */
  readonly options: Partial<LatencyOptions>;
}

/** One timing waits for all that came before it. */
export interface Accepted {
  readonly timing: number;
}

export interface TimingAnswer {
  readonly latency: LatencyResult;
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** Files that the device does not have. */
  readonly missing?: readonly string[];
}

export const fileName = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
