import type { Graph, Node } from '../../ir/graph.ts';
import { layersOf } from '../../ir/layers.ts';
import { opEntry, ops } from '../../ir/ops/index.ts';
import { readersOf } from '../../ir/rebuild.ts';

/** What our own networks call the parameters of a node, by their position among its inputs. */
const roles: Readonly<Record<string, readonly string[]>> = {
  Conv: ['', 'weight', 'bias'],
  Gemm: ['', 'weight', 'bias'],
  MatMul: ['', 'weight'],
  BatchNormalization: ['', 'scale', 'bias', 'mean', 'var'],
};

/**
 * The network under names of our own kind: input `x`, output `logits`, every layer under a name that people know it by
 * (`layer1.0.conv1`, from its weights or its module), its parameters after it. The same file gives the same names.
 */
export function rename(graph: Graph): Graph {
  const names = new Names();
  const [input, output] = [graph.inputs[0]!.name, graph.outputs[0]!];
  const values = new Map([
    ['', ''],
    [input, names.take('x')],
    [output, names.take('logits')],
  ]);
  const layers = layerNames(graph, names);
  const nodes = graph.nodes.map((node): Node => {
    const name = layers.get(node.name) ?? names.take(otherName(graph, node, layers));
    node.inputs.forEach((value, i) => {
      if (!values.has(value)) values.set(value, names.take(parameterName(node, name, i)));
    });
    node.outputs.forEach((value, i) => {
      if (!values.has(value)) values.set(value, i === 0 ? names.value(name) : names.take(`${name}.${i}`));
    });
    const rename = (value: string) => values.get(value)!;
    return { ...node, name, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) };
  });
  const renamed = <T>(record: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(record).map(([value, entry]) => [values.get(value)!, entry]));
  return {
    ...graph,
    inputs: graph.inputs.map((entry) => ({ ...entry, name: values.get(entry.name)! })),
    outputs: [values.get(output)!],
    nodes,
    initializers: renamed(graph.initializers),
    types: renamed(graph.types),
  };
}

/** Names given so far; one that is wanted twice gets a number. */
class Names {
  private readonly taken = new Set<string>();
  private readonly ofNodes = new Set<string>();

  take(wish: string): string {
    let name = wish;
    for (let n = 2; this.taken.has(name); n++) name = `${wish}_${n}`;
    this.taken.add(name);
    this.ofNodes.add(name);
    return name;
  }

  /** A node's first value is called like the node. */
  value(node: string): string {
    return this.ofNodes.delete(node) ? node : this.take(node);
  }
}

/** By the node's old name. Layers are named first, so that nothing else takes their names. */
function layerNames(graph: Graph, names: Names): ReadonlyMap<string, string> {
  const counts = { conv: 0, dense: 0 };
  const readers = readersOf(graph);
  const layers = layersOf(graph).map(({ node, weight }) => {
    const kind = node.op === 'Conv' ? 'conv' : 'dense';
    const count = ++counts[kind];
    const wish = moduleOf(weight) ?? pathOf(node) ?? moduleOfBias(node, readers) ?? `${kind}${count}`;
    return [node.name, names.take(wish)] as const;
  });
  return new Map(layers);
}

/** `layer1.0.conv1` of `layer1.0.conv1.weight`. */
function moduleOf(initializer: string): string | undefined {
  const module = /^(.+)\.(?:weight|kernel)(?:\/dense)?$/.exec(initializer)?.[1];
  return module === undefined || /::/.test(module) ? undefined : plain(module);
}

/** Of the bias that is added to a product: some exporters turn weights round, and call them anything then. */
function moduleOfBias(node: Node, readers: ReturnType<typeof readersOf>): string | undefined {
  const [add, ...others] = readers.get(node.outputs[0]!) ?? [];
  if (node.op !== 'MatMul' || add?.op !== 'Add' || others.length > 0) return undefined;
  const bias = add.inputs.find((name) => name !== node.outputs[0]!);
  return bias?.endsWith('.bias') ? moduleOf(bias.replace(/bias$/, 'weight')) : undefined;
}

/** `layer1.0.conv1` of `/layer1/layer1.0/conv1/Conv`; undefined where the name says no more than the op. */
function pathOf({ name }: Node): string | undefined {
  const parts = name.split('/').filter((part) => part !== '');
  if (parts.length > 1 && isOp(parts.at(-1)!)) parts.pop();
  const own = parts.filter((part, i) => !parts[i + 1]?.startsWith(`${part}.`));
  const [only] = own;
  return own.length === 0 || (own.length === 1 && isGeneric(only!)) ? undefined : plain(own.join('.'));
}

const opNames = new Set(ops.map(({ op }) => op.toLowerCase()));

const isOp = (part: string): boolean => opNames.has(part.replace(/_\d+$/, '').toLowerCase());

/** `Conv_12`, `node_conv2d_3`, `n4`, `123`: made up by an exporter. */
const isGeneric = (part: string): boolean => isOp(part) || /^(?:node_.*|n?\d[\d_]*|onnx::.*)$/i.test(part);

/** Letters, digits, `.`, `-` and `_`: what a pattern can name without a second thought. `network` means all of it. */
function plain(name: string): string {
  const clean = name.replace(/[^\w.-]+/g, '_').replace(/^[._]+|[._]+$/g, '');
  if (clean === '') return 'layer';
  return ['network', 'x', 'logits'].includes(clean) ? `${clean}_` : clean.slice(0, 80);
}

/** BatchNormalization behind a layer is called after it; the others after their module and op. */
function otherName(graph: Graph, node: Node, layers: ReadonlyMap<string, string>): string {
  const op = node.op.toLowerCase();
  if (node.op === 'BatchNormalization') {
    const before = graph.nodes.find(({ outputs }) => outputs.includes(node.inputs[0]!));
    const alone = (readersOf(graph).get(node.inputs[0]!) ?? []).length === 1;
    const layer = before && alone ? layers.get(before.name) : undefined;
    if (layer !== undefined) return `${layer}.bn`;
  }
  const path = (node.op === 'BatchNormalization' ? moduleOf(node.inputs[1]!) : undefined) ?? pathOf(node);
  return path === undefined ? op : path.toLowerCase().endsWith(op) ? path : `${path}.${op}`;
}

function parameterName(node: Node, name: string, position: number): string {
  const role = opEntry(node).domain === '' ? roles[node.op]?.[position] : undefined;
  return `${name}.${role || `input${position}`}`;
}
