import type { Graph, Node } from '../../ir/graph.ts';
import { readersOf } from '../../ir/rebuild.ts';

/** What of a graph is computed in integers, once the layers that shall be are chosen. */
export interface IntegerLayout {
  /** Nodes with an integer kernel: they read and write dequantized values, which the runtime fuses with them. */
  readonly kernels: ReadonlySet<Node>;
  /** Nodes that only move numbers: they run on the quantized values themselves. */
  readonly movers: ReadonlySet<Node>;
  /** Every value with a quantized form → the value whose scale it has: itself, or what a mover took it from. */
  readonly scaleOf: ReadonlyMap<string, string>;
  /** Those of them that come out of an integer node: there is no float form to read instead. */
  readonly integer: ReadonlySet<string>;
  /** Relu before a quantization whose zero point is 0: rounding into the range clips just the same. */
  readonly clips: ReadonlySet<Node>;
  /**
   * Float layers whose input and output are integers. onnxruntime 1.30 would quantize their weights as well, with one
   * scale, whatever the file says (WeightBiasQuantization); it does not where the input has a scale per channel.
   */
  readonly guarded: ReadonlySet<Node>;
}

/** Integer when all their activations are: they have kernels, but no weights. */
const joins = new Set(['Add', 'GlobalAveragePool']);

const movers = new Set(['Flatten', 'MaxPool']);

const weighted = new Set(['Conv', 'Gemm', 'MatMul']);

/**
 * Which values and nodes become integer for the chosen layers. A chosen layer reads quantized activations; a chosen
 * Conv also writes them, because only then is there an integer kernel for it (a Gemm or MatMul can write floats). Add and
 * GlobalAveragePool between quantized values follow, so that no neighbour has to convert.
 */
export function integerLayout(graph: Graph, chosen: ReadonlySet<string>): IntegerLayout {
  const readers = readersOf(graph);
  const wanted = new Set(graph.nodes.filter((node) => chosen.has(node.name)).map((node) => node.inputs[0]!));
  const scaleOf = new Map([...wanted].map((value) => [value, value]));
  const integer = new Set<string>();
  const [kernels, moved, clips, guarded] = [new Set<Node>(), new Set<Node>(), new Set<Node>(), new Set<Node>()];
  const layout = { kernels, movers: moved, scaleOf, integer, clips, guarded };
  const settle = (node: Node) => {
    const value = clippedOutput(graph, readers, node);
    kernels.add(node);
    scaleOf.set(value, value);
    integer.add(value);
  };
  for (const node of graph.nodes) {
    if (chosen.has(node.name)) {
      if (node.op === 'Conv' || wanted.has(clippedOutput(graph, readers, node))) settle(node);
      else kernels.add(node);
    } else if (joinsIntegers(graph, readers, node, scaleOf, integer)) settle(node);
    else if (moves(graph, node, integer)) {
      moved.add(node);
      scaleOf.set(node.outputs[0]!, scaleOf.get(node.inputs[0]!)!);
      integer.add(node.outputs[0]!);
    }
  }
  for (const node of graph.nodes) {
    if (isClip(graph, readers, node, layout)) clips.add(node);
    const between = integer.has(node.inputs[0] ?? '') && scaleOf.has(clippedOutput(graph, readers, node));
    if (between && weighted.has(node.op) && !kernels.has(node)) guarded.add(node);
  }
  return layout;
}

type Readers = ReadonlyMap<string, readonly Node[]>;

/** The value in which a node's result ends: behind the Relu, where nothing else reads it before. */
function clippedOutput(graph: Graph, readers: Readers, node: Node): string {
  const output = node.outputs[0]!;
  const [reader, ...others] = readers.get(output) ?? [];
  const alone = others.length === 0 && !graph.outputs.includes(output);
  return reader && isStandard(reader, 'Relu') && alone ? reader.outputs[0]! : output;
}

const isStandard = (node: Node, op: string) => node.op === op && node.domain === '';

function joinsIntegers(
  graph: Graph,
  readers: Readers,
  node: Node,
  quantized: ReadonlyMap<string, string>,
  integer: ReadonlySet<string>,
): boolean {
  if (node.domain !== '' || !joins.has(node.op) || graph.outputs.includes(clippedOutput(graph, readers, node))) return false;
  return node.inputs.every((name) => quantized.has(name)) && node.inputs.some((name) => integer.has(name));
}

function moves(graph: Graph, node: Node, integer: ReadonlySet<string>): boolean {
  const alone = node.outputs.length === 1 && !graph.outputs.includes(node.outputs[0]!);
  return node.domain === '' && movers.has(node.op) && alone && integer.has(node.inputs[0]!);
}

/** The float form of the value is read by nobody: everyone reads what was quantized. */
function isClip(graph: Graph, readers: Readers, node: Node, { scaleOf, integer, kernels }: IntegerLayout): boolean {
  const [input, output] = [node.inputs[0]!, node.outputs[0]!];
  if (!isStandard(node, 'Relu') || !scaleOf.has(output) || readers.get(input)!.length > 1) return false;
  if (graph.outputs.includes(input)) return false;
  const others = graph.outputs.includes(output) || readers.get(output)?.some((reader) => !kernels.has(reader));
  return integer.has(output) || !others;
}
