import { z } from 'zod';
import { NasError } from '../core/errors.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256');
const finite = z.number();

/** What a certificate states that can be found out again. Other fields may be there. */
const machine = z.object({ platform: z.string(), processor: z.string() });

const claims = z.object({
  format: z.literal('espalier-certificate/1'),
  model: z.object({ file: z.literal('model.onnx'), sha256: hash, bytes: z.int() }),
  study: z.string(),
  trial: z.int(),
  recorded: z.record(z.string(), finite),
  measured: z.object({
    dataHash: z.string().optional(),
    validation: z.object({ accuracy: finite, images: z.int() }),
    test: z.object({ accuracy: finite, images: z.int() }),
    latency: z.object({
      medianMs: finite,
      lowMs: finite,
      highMs: finite,
      ratio: finite,
      ratioLow: finite,
      ratioHigh: finite,
      noisy: z.boolean(),
      // Where it was not the one that measured everything else.
      machine: machine.optional(),
    }),
    machine,
  }),
  further: z
    .record(
      // In the folder itself.
      z.string().regex(/^[\w-][\w.-]*$/, 'is no name of a file'),
      z.object({
        sha256: hash,
        bytes: z.int(),
        validation: z.object({ accuracy: finite }),
        test: z.object({ accuracy: finite }),
      }),
    )
    .default({}),
  reproduce: z.object({ space: z.object({ sha256: hash }) }),
});

export type CertificateClaims = z.infer<typeof claims>;
export type LatencyClaim = CertificateClaims['measured']['latency'];
export type MachineClaim = CertificateClaims['measured']['machine'];

/** Throws NasError CERTIFICATE_UNREADABLE. */
export function readCertificate(text: string, file: string): CertificateClaims {
  const found = claims.safeParse(parseJson(text, file));
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw unreadable(file, `${issue!.path.join('.') || 'it'}: ${issue!.message}`);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable(file, 'it is not JSON');
  }
}

const unreadable = (file: string, found: string) =>
  new NasError('CERTIFICATE_UNREADABLE', `${file} is no certificate of nas export: ${found}.`, { facts: { file, found } });
