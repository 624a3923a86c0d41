/**
 * Families of networks. To add one: a file beside this one that calls `defineModel`, and its name in the two lists below.
 */
import { z } from 'zod';
import { pick } from '../../core/errors.ts';
import type { Graph } from '../ir/graph.ts';
import type { ModelFamily, ModelTarget } from './family.ts';
import { file } from './file.ts';
import { mlp } from './mlp.ts';
import { mobilenet } from './mobilenet.ts';
import { resnet } from './resnet.ts';

export const models: readonly ModelFamily[] = [resnet, mobilenet, mlp, file];

/** What a space file may say under `model`; `family` decides, and where there is none, `file` is given. */
export const modelSpecSchema = z.discriminatedUnion('family', [resnet.schema, mobilenet.schema, mlp.schema, file.schema]);

/** What a space file may say under `teacher`: a trained network that the candidates learn from. */
export const teacherSchema = file.schema.omit({ family: true });

export type TeacherSpec = z.output<typeof teacherSchema>;

export type ModelSpec = z.output<typeof modelSpecSchema>;

/**
 * The dense network that a checked specification describes, with fresh weights: equal seeds give equal weights. One from a
 * file comes with its own. Throws NasError UNKNOWN_MODEL, NETWORK_MISSING.
 */
export function buildModel(spec: ModelSpec, target: ModelTarget): Graph {
  return pick('model', models, spec.family).build(spec, target);
}
