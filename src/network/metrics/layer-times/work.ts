import { bodiesOf } from '../../ir/bodies.ts';
import { elementCount, type Graph, type Node, type TensorType } from '../../ir/graph.ts';
import { opEntry } from '../../ir/ops/index.ts';
import { makersOf } from '../../ir/rebuild.ts';

/** Amounts of work by kind: `Conv 3x3 int8, macs` → 1.2e6. What of it takes time, and how much, `LayerTimes` says. */
export type Work = Readonly<Record<string, number>>;

const bytesOf: Readonly<Record<string, number>> = { float32: 4, float64: 8, int64: 8, int32: 4, int16: 2, uint16: 2 };

/** Channels that onnxruntime computes together: fewer take as long. */
const block = 16;

/**
 * The work of one run: of every kind of layer (its op, its window, floating point or integers, the steps between those with
 * the layer or on their own) how many there are, their multiply-accumulates, the same with channels in whole blocks, and the
 * bytes that they read and write. Nodes of constants alone are computed once, when the file is opened. Where the network
 * decides per image what it runs, all of it.
 */
export function workOf(graph: Graph): Work {
  const work: Record<string, number> = {};
  const makers = makersOf(graph);
  const readers = new Map<string, Node[]>();
  for (const node of graph.nodes) for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  const constant = new Set(Object.keys(graph.initializers));
  for (const node of graph.nodes) {
    for (const body of bodiesOf(node)) add(work, Object.entries(workOf(body)));
    if (node.inputs.every((name) => name === '' || constant.has(name))) {
      if (bodiesOf(node).length === 0) for (const output of node.outputs) constant.add(output);
      continue;
    }
    const kind = kindOf(node, graph, { makers, readers });
    add(
      work,
      Object.entries(amountsOf(node, graph)).map(([what, amount]) => [`${kind}, ${what}`, amount]),
    );
  }
  return work;
}

function add(work: Record<string, number>, amounts: readonly (readonly [string, number])[]): void {
  for (const [name, amount] of amounts) work[name] = (work[name] ?? 0) + amount;
}

interface Neighbours {
  readonly makers: ReadonlyMap<string, Node>;
  readonly readers: ReadonlyMap<string, readonly Node[]>;
}

function kindOf(node: Node, graph: Graph, around: Neighbours): string {
  if (isFused(node, around)) return `${node.op} fused`;
  return `${node.op}${windowOf(node, graph)}${isInteger(node, around) ? ' int8' : ''}`;
}

/** Computed in integers: what it reads was quantized. */
const isInteger = ({ op, inputs }: Node, { makers }: Neighbours): boolean =>
  op !== 'QuantizeLinear' && inputs.slice(0, 2).every((name) => makers.get(name)?.op === 'DequantizeLinear');

/** The step to integers or back is part of a layer that computes in them. */
function isFused({ op, inputs, outputs }: Node, around: Neighbours): boolean {
  if (op === 'DequantizeLinear') return (around.readers.get(outputs[0]!) ?? []).every((reader) => isInteger(reader, around));
  if (op !== 'QuantizeLinear') return false;
  const maker = around.makers.get(inputs[0]!);
  const layer = maker?.op === 'Relu' ? around.makers.get(maker.inputs[0]!) : maker;
  return layer !== undefined && isInteger(layer, around);
}

/** ` 3x3`, ` 3x3 depthwise`; nothing where there is no window. */
function windowOf(node: Node, { types }: Graph): string {
  const window = types[node.inputs[1] ?? '']?.shape.slice(2) ?? [];
  if (!node.op.includes('Conv') || window.length === 0) return '';
  const group = node.attributes['group'];
  return ` ${window.join('x')}${group?.kind === 'int' && group.value > 1 ? ' depthwise' : ''}`;
}

function amountsOf(node: Node, { types }: Graph): Record<string, number> {
  const inputs = node.inputs.map((name) => types[name]);
  const outputs = node.outputs.map((name) => types[name]!);
  const bytes = [...inputs, ...outputs].reduce((sum, type) => sum + (type ? byteCount(type) : 0), 0);
  const macs = opEntry(node).macs?.(inputs, outputs);
  return macs === undefined ? { count: 1, bytes } : { count: 1, bytes, macs, blocked: macs * roundedUp(inputs[1]) };
}

const byteCount = ({ dtype, shape }: TensorType) => elementCount(shape) * (bytesOf[dtype] ?? 1);

/** How much more a weight [out, in, …] becomes when its channels are filled up to whole blocks. */
function roundedUp(weight: TensorType | undefined): number {
  const channels = weight?.shape.slice(0, 2) ?? [];
  return channels.reduce((factor, count) => (count > 0 ? (factor * Math.ceil(count / block) * block) / count : factor), 1);
}
