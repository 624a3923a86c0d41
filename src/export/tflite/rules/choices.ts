import { capturesOf } from '../../../network/ir/bodies.ts';
import type { Graph, Node } from '../../../network/ir/graph.ts';
import { branches, greater as greaterOptions } from '../schema.ts';
import type { Conversion, Rule } from './rule.ts';

/** What decides for each picture what it runs. */

const greater: Rule = (c, node) => {
  const inputs = node.inputs.map((input) => c.asMade(input));
  c.writer.operator('GREATER', inputs, c.condition(node), greaterOptions);
};

/** Each branch is a subgraph of its own; both take all that one of them reads of the values around. */
const choose: Rule = (c, node) => {
  const [output, ...others] = node.outputs;
  if (others.length > 0 || c.type(output!).dtype !== 'float32') c.refuse(node, 'has other results than one value of floats');
  const bodies = ['then_branch', 'else_branch'].map((name) => bodyOf(c, node, name)) as [Graph, Graph];
  const captures = [...new Set(bodies.flatMap(capturesOf))].filter((value) => !c.constant(value));
  const taken = captures.map((value) => c.asMade(value));
  const [yes, no] = bodies.map((body) => c.branch(body, captures)) as [number, number];
  const work = c.work(node, [node.inputs[0]!], { layout: 'last' });
  c.writer.operator('IF', [...work.inputs, ...taken], work.output, branches(yes, no));
};

function bodyOf(c: Conversion, node: Node, name: string): Graph {
  const attribute = node.attributes[name];
  return attribute?.kind === 'graph' ? attribute.value : c.refuse(node, `lacks its ${name}`);
}

export const choiceRules: Readonly<Record<string, Rule>> = { Greater: greater, If: choose };
