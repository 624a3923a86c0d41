import { z } from 'zod';
import { NasError } from '../../core/errors.ts';
import type { Graph } from '../ir/graph.ts';
import { withBatch } from '../ir/passes/with-batch.ts';
import { defineModel, type ModelTarget } from './family.ts';
import { importNetwork } from './import/import.ts';

const channelNumbers = (each: z.ZodNumber) => z.array(each).min(1);

/** How images become a network's input, where that is not as the data's own statistics say. */
export const normalizeSchema = z
  .strictObject({
    mean: channelNumbers(z.number()).describe('Per channel, taken from pixel / 255.'),
    std: channelNumbers(z.number().positive()).describe('Per channel; what is left is divided by it.'),
  })
  .describe("The network's input is (pixel / 255 - mean) / std, as it was trained; the data's own statistics where left out.");

export const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
  .optional()
  .describe('SHA-256 of the file (and what lies beside it): with it, a file that has changed is refused.');

const fileSchema = z.strictObject({
  family: z.literal('file').default('file').describe('A trained network of your own.'),
  file: z
    .string({ error: (issue) => (issue.input === undefined ? 'name a family, or the ONNX file of a network' : undefined) })
    .min(1)
    .describe("An ONNX file with a trained network: its path from the space file's folder on. Its weights are kept."),
  sha256: sha256Schema,
  normalize: normalizeSchema.optional(),
});

type FileSpec = z.output<typeof fileSchema>;

/** Imported networks by hash, the last ones: one command asks for the same one many times. */
const imported = new Map<string, Graph>();
const mostKept = 2;

function buildFile({ file, sha256 = '' }: FileSpec, { batch, files }: ModelTarget): Graph {
  const graph = imported.get(sha256) ?? importNetwork(contentOf(file, sha256, files));
  imported.delete(sha256);
  imported.set(sha256, graph);
  if (imported.size > mostKept) imported.delete(imported.keys().next().value!);
  return withBatch(graph, batch);
}

function contentOf(file: string, sha256: string, files: ModelTarget['files']): Uint8Array {
  const bytes = files?.(sha256);
  if (bytes) return bytes;
  const message = `the network of ${file} (SHA-256 ${sha256}) is not kept on this machine. Run nas search --space with its space file and the network beside it: it is kept then.`;
  throw new NasError('NETWORK_MISSING', message, { facts: { file, sha256 } });
}

/** A user's own network: what the others build, it reads. `target.files` has its bytes by hash; sizes are those of the file. */
export const file = defineModel({
  name: 'file',
  summary: 'A trained network of your own, from an ONNX file.',
  schema: fileSchema,
  build: buildFile,
});
