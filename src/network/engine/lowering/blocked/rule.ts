import type { Builder } from '../../../ir/builder.ts';
import type { Node } from '../../../ir/graph.ts';
import type { Layouts, Result } from './layouts.ts';

export interface RuleContext {
  readonly b: Builder;
  readonly layouts: Layouts;
  /** A node of the graph; its inputs are names of the graph, to be asked for from `layouts`. */
  readonly node: Node;
}

/**
 * Emits a node on blocked values; one result per output. Undefined where it does not cover this form of the node, which then
 * runs on plain values: nothing may be emitted before that is known.
 */
export type Rule = (context: RuleContext) => readonly Result[] | undefined;
