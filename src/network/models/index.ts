/**
 * Families of networks. To add one: a file beside this one that calls `defineModel`, and its name in the two lists below.
 */
import { z } from 'zod';
import { pick } from '../../core/errors.ts';
import type { Graph } from '../ir/graph.ts';
import type { ModelFamily, ModelTarget } from './family.ts';
import { mlp } from './mlp.ts';
import { mobilenet } from './mobilenet.ts';
import { resnet } from './resnet.ts';

export const models: readonly ModelFamily[] = [resnet, mobilenet, mlp];

/** What a space file may say under `model`; `family` decides. */
export const modelSpecSchema = z.discriminatedUnion('family', [resnet.schema, mobilenet.schema, mlp.schema]);

export type ModelSpec = z.output<typeof modelSpecSchema>;

/**
 * The dense network that a checked specification describes, with fresh weights: equal seeds give equal weights.
 * Throws NasError UNKNOWN_MODEL.
 */
export function buildModel(spec: ModelSpec, target: ModelTarget): Graph {
  return pick('model', models, spec.family).build(spec, target);
}
