/**
 * Lowerings, those that are preferred first. To add one: a folder with its Lowering, and a line in `lowerings`. A lowering
 * sees the whole graph, so one that keeps activations in another memory layout can carry it from node to node.
 */
import { pick } from '../../../core/errors.ts';
import type { Graph } from '../../ir/graph.ts';
import { blocked } from './blocked/index.ts';
import type { Lowering } from './lowering.ts';
import { portable } from './portable/index.ts';
import { webgpu } from './webgpu/index.ts';

export const lowerings: readonly Lowering[] = [blocked(16), blocked(8), portable, webgpu];

/**
 * A train step without training ops, ready to encode.
 *
 * @throws NasError UNKNOWN_LOWERING; ENGINE_LOWERING where the lowering does not cover a node.
 */
export const lower = (graph: Graph, lowering: string): Graph => pick('lowering', lowerings, lowering).lower(graph);
