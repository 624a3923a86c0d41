import { NasError } from '../../../core/errors.ts';
import type { Builder } from '../../ir/builder.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import type { Device } from '../choice.ts';

/** How the training ops (domain 'espalier') of a graph become ops that a runtime has. */
export interface Lowering {
  readonly name: string;
  readonly summary: string;
  /** Devices of onnxruntime that it is tried on. */
  readonly devices: readonly Device[];
  /** Why this machine's onnxruntime cannot run it; undefined, or left out, where it can be tried. */
  unfit?(): Promise<string | undefined>;
  /** The same inputs and outputs, with the same values; what lies between them is the lowering's own. */
  lower(graph: Graph): Graph;
}

/** What an emission may look at: the node, and the builder that holds all values before it. */
export interface EmitContext {
  readonly b: Builder;
  readonly node: Node;
}

/** Emits one training op as other nodes and returns the names of its results, one per output of the node. */
export type Emission = (context: EmitContext) => readonly string[];

/** The error of an op, or a form of one, that a lowering does not cover. */
export function notLowered(node: Node, message: string): NasError {
  return new NasError('ENGINE_LOWERING', `node "${node.name}" (${node.op}): ${message}`, {
    facts: { node: node.name, op: node.op },
  });
}
