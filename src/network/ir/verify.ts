import { NasError } from '../../core/errors.ts';
import { bodiesOf, capturesOf } from './bodies.ts';
import { inferNode, type Scope } from './builder.ts';
import type { Graph, Node, TensorType } from './graph.ts';
import { elementCount, show } from './graph.ts';

/**
 * Checks that a graph is what it says: every value defined once and before it is read, every type equal to what
 * inference gives, every output there; in bodies too. @throws NasError IR_INVALID naming the graph and the place.
 */
export function verify(graph: Graph): void {
  verifyIn(graph, nothing);
}

const nothing: Scope = { typeOf: () => undefined, constantOf: () => undefined };

function verifyIn(graph: Graph, around: Scope): void {
  const defined: Record<string, TensorType> = {};
  const define = (name: string, type: TensorType, where: string) => {
    if (defined[name] || around.typeOf(name)) throw invalid(graph, `${where} defines "${name}" a second time`);
    defined[name] = type;
    checkType(graph, name, type);
  };
  const scope: Scope = {
    typeOf: (name) => defined[name] ?? around.typeOf(name),
    constantOf: (name) => graph.initializers[name] ?? around.constantOf(name),
  };
  for (const input of graph.inputs) define(input.name, input.type, 'an input');
  for (const [name, tensor] of Object.entries(graph.initializers)) {
    if (tensor.data.length !== elementCount(tensor.shape)) {
      throw invalid(graph, `initializer "${name}" has ${tensor.data.length} values for the shape ${show(tensor.shape)}`);
    }
    define(name, tensor, 'an initializer');
  }
  verifyNodes(graph, scope, define);
  for (const output of graph.outputs) {
    if (!defined[output]) throw invalid(graph, `the output "${output}" is not defined`);
  }
  const captured = around === nothing ? [] : capturesOf(graph);
  for (const name of captured) checkType(graph, name, scope.typeOf(name)!);
  const extra = Object.keys(graph.types).find((name) => !defined[name] && !captured.includes(name));
  if (extra !== undefined) throw invalid(graph, `there is a type for "${extra}", which nothing defines`);
}

function verifyNodes(graph: Graph, scope: Scope, define: (name: string, type: TensorType, where: string) => void): void {
  const names = new Set<string>();
  for (const node of graph.nodes) {
    if (names.has(node.name)) throw invalid(graph, `two nodes are called "${node.name}"`);
    names.add(node.name);
    for (const body of bodiesOf(node)) verifyBody(graph, node, body, scope);
    const types = inferred(graph, () => inferNode(node, scope));
    node.outputs.forEach((output, i) => {
      const type = types[i];
      if (output === '') return;
      if (!type) throw invalid(graph, `node "${node.name}" (${node.op}) has no output ${i} ("${output}")`);
      define(output, type, `node "${node.name}"`);
    });
  }
}

function verifyBody(graph: Graph, node: Node, body: Graph, scope: Scope): void {
  const where = `"${body.name}", a body of node "${node.name}",`;
  if (body.inputs.length > 0) throw invalid(graph, `${where} has inputs`);
  const missing = capturesOf(body).find((name) => !scope.typeOf(name));
  if (missing !== undefined) throw invalid(graph, `${where} reads "${missing}", which is not defined before it`);
  verifyIn(body, scope);
}

function checkType(graph: Graph, name: string, type: TensorType): void {
  const noted = graph.types[name];
  if (!noted) throw invalid(graph, `there is no type for "${name}"`);
  if (noted.dtype !== type.dtype || show(noted.shape) !== show(type.shape)) {
    throw invalid(graph, `"${name}" is noted as ${noted.dtype}${show(noted.shape)}, but is ${type.dtype}${show(type.shape)}`);
  }
}

function inferred<T>(graph: Graph, infer: () => T): T {
  try {
    return infer();
  } catch (error) {
    if (error instanceof NasError) throw invalid(graph, error.message, error);
    throw error;
  }
}

const invalid = (graph: Graph, message: string, cause?: unknown) =>
  new NasError('IR_INVALID', `graph "${graph.name}": ${message}`, cause === undefined ? {} : { cause });
