import { Builder } from '../../ir/builder.ts';
import type { Graph, Tensor, TensorData } from '../../ir/graph.ts';
import { dataArrays, dtypeCodes, elementCount } from '../../ir/graph.ts';
import { rebuild } from '../../ir/rebuild.ts';
import { isZeros, zeros } from '../../ir/zeros.ts';

/**
 * How sparse tensors are written. A file that any onnxruntime loads has no compressed tensors to offer: its own sparse
 * initializers spend 8 bytes on every index. So the file holds the values that are not 0, where they belong, and a few
 * standard ops that put them there. They read constants only, and onnxruntime folds them away when it loads the file:
 * the kernels that run are those of the dense network.
 * - `mask`: a bit per place, and the values. Best down to about one value in ten places.
 * - `gaps`: per value a byte with the distance from the value before it. Best beyond.
 * Tensors of one kind share one set of ops and are split afterwards. results/sparse-storage has the sizes.
 */
type Format = 'mask' | 'gaps';

interface SparseTensor {
  readonly name: string;
  readonly tensor: Tensor;
  /** Values written; zeros fill up where there are fewer others. */
  readonly count: number;
}

/** Bytes of the ops that one more tensor takes, and of those that all of a kind share: about. */
const tensorOverhead = 80;
const kindOverhead = 450;

/** A distance fits in a byte; longer ones are gone in several steps. */
const longestGap = 255;

/**
 * The graph with the named initializers written sparsely where that makes the file smaller. Counts say how many values
 * are written of each; what a file weighs depends on shapes and counts alone. Only float32 and int8.
 */
export function storeSparse(graph: Graph, counts: ReadonlyMap<string, number>): Graph {
  const kinds = new Map<string, { format: Format; tensors: SparseTensor[]; saved: number }>();
  for (const [name, count] of counts) {
    const tensor = graph.initializers[name]!;
    const { format, saved } = bestFormat(tensor, count);
    const key = `${tensor.dtype} ${format}`;
    const kind = kinds.get(key) ?? { format, tensors: [], saved: 0 };
    if (saved > tensorOverhead) kind.tensors.push({ name, tensor, count });
    kind.saved += Math.max(0, saved - tensorOverhead);
    kinds.set(key, kind);
  }
  const worthwhile = [...kinds.values()].filter(({ saved }) => saved > kindOverhead);
  return worthwhile.length === 0 ? graph : withDecoders(graph, worthwhile);
}

function bestFormat({ dtype, shape }: Tensor, count: number): { format: Format; saved: number } {
  const size = elementCount(shape);
  const width = dataArrays[dtype].BYTES_PER_ELEMENT;
  const bytes = { mask: size / 8 + count * width, gaps: (count + (size - count) / longestGap) * (width + 1) };
  const format = bytes.mask <= bytes.gaps ? 'mask' : 'gaps';
  return { format, saved: size * width - bytes[format] };
}

function withDecoders(graph: Graph, kinds: readonly { format: Format; tensors: readonly SparseTensor[] }[]): Graph {
  const b = new Builder(graph.name);
  b.reserve(graph.nodes.map(({ name }) => name));
  b.reserve(Object.keys(graph.types));
  const written: string[] = [];
  for (const { format, tensors } of kinds) {
    const flat = format === 'mask' ? emitMask(b, tensors) : emitGaps(b, tensors);
    emitParts(b, flat, tensors);
    written.push(...tensors.map(({ name }) => name));
  }
  const dense = Object.entries(graph.initializers).filter(([name]) => !written.includes(name));
  return rebuild(graph, {
    nodes: [...b.nodes, ...graph.nodes],
    initializers: { ...Object.fromEntries(dense), ...b.initializers },
  });
}

/** bit → 0 or 1 → place in the list of values (0: none) → value. Returns [places]. */
function emitMask(b: Builder, tensors: readonly SparseTensor[]): string {
  const { steps: bits, values } = packMask(tensors);
  const mask = b.initializer(b.fresh('mask'), { ...bits, shape: [bits.data.length, 1] });
  const shifts = b.initializer(b.fresh('shifts'), bytes([7, 6, 5, 4, 3, 2, 1, 0]));
  const last = b.initializer(b.fresh('seven'), { ...bytes([7]), shape: [] });
  const single = b.op('BitShift', [b.op('BitShift', [mask, shifts], { direction: 'LEFT' }), last], { direction: 'RIGHT' });
  const flags = b.op('Reshape', [b.op('Cast', [single], { to: dtypeCodes.int32 }), b.ints([8 * bits.data.length])]);
  const positions = b.op('Mul', [b.op('CumSum', [flags, b.ints([0], [])]), flags]);
  return b.op('Gather', [b.initializer(b.fresh('values'), values), positions]);
}

/** distances → places → zeros with the values written there. Returns [places]. */
function emitGaps(b: Builder, tensors: readonly SparseTensor[]): string {
  const { steps, values } = packGaps(tensors);
  const gaps = b.initializer(b.fresh('gaps'), steps);
  const positions = b.op('CumSum', [b.op('Cast', [gaps], { to: dtypeCodes.int32 }), b.ints([0], [])]);
  const zero = b.initializer(b.fresh('zero'), { ...listOf(values.dtype, [0]), shape: [] });
  const base = b.op('Expand', [zero, b.ints([placesOf(tensors)])]);
  return b.op('ScatterElements', [base, positions, b.initializer(b.fresh('values'), values)], { axis: 0 });
}

interface Packed {
  /** uint8: the bits, or the gaps. */
  readonly steps: Tensor;
  readonly values: Tensor;
}

const placesOf = (tensors: readonly SparseTensor[]) => tensors.reduce((sum, { tensor }) => sum + elementCount(tensor.shape), 0);

const countOf = (tensors: readonly SparseTensor[]) => tensors.reduce((sum, { count }) => sum + count, 0);

/** Whether only the structure is asked for, not the values. */
const isOutline = (tensors: readonly SparseTensor[]) => tensors.every(({ tensor }) => isZeros(tensor));

/** The first value is the 0 of the places that hold none. */
function packMask(tensors: readonly SparseTensor[]): Packed {
  const { dtype } = tensors[0]!.tensor;
  const length = Math.ceil(placesOf(tensors) / 8);
  if (isOutline(tensors)) return { steps: zeros('uint8', [length]), values: zeros(dtype, [1 + countOf(tensors)]) };
  const bits = new Uint8Array(length);
  const values = [0];
  for (const { place, value } of entriesOf(tensors)) {
    bits[place >> 3]! |= 1 << (place & 7);
    values.push(value);
  }
  return { steps: { dtype: 'uint8', shape: [length], data: bits }, values: listOf(dtype, values) };
}

/**
 * As many entries whatever the places are: where fewer steps than the most that could be needed go over long distances,
 * the last entry is repeated, which writes the same value to the same place.
 */
function packGaps(tensors: readonly SparseTensor[]): Packed {
  const { dtype } = tensors[0]!.tensor;
  const count = countOf(tensors);
  const length = count + Math.floor((placesOf(tensors) - count) / longestGap);
  if (isOutline(tensors)) return { steps: zeros('uint8', [length]), values: zeros(dtype, [length]) };
  const gaps: number[] = [];
  const values: number[] = [];
  const push = (gap: number, value: number) => {
    gaps.push(gap);
    values.push(value);
  };
  let before = 0;
  for (const { place, value } of entriesOf(tensors)) {
    let gap = place - before;
    for (; gap > longestGap; gap -= longestGap) push(longestGap, 0);
    push(gap, value);
    before = place;
  }
  while (gaps.length < length) push(0, values.at(-1)!);
  return { steps: bytes(gaps), values: listOf(dtype, values) };
}

interface Entry {
  readonly place: number;
  readonly value: number;
}

/** The values that are written, ascending by their place in all tensors one after the other. */
function* entriesOf(tensors: readonly SparseTensor[]): Generator<Entry> {
  let start = 0;
  for (const { tensor, count } of tensors) {
    const { data } = tensor;
    let zerosLeft = count - nonzeros(data);
    for (let i = 0; i < data.length; i++) {
      const value = Number(data[i]);
      if (value !== 0 || zerosLeft-- > 0) yield { place: start + i, value };
    }
    start += data.length;
  }
}

export function nonzeros(data: TensorData): number {
  let count = 0;
  for (const value of data) if (value !== 0 && value !== 0n) count++;
  return count;
}

/** Cuts the places of all tensors into theirs, under the names that their initializers had. */
function emitParts(b: Builder, flat: string, tensors: readonly SparseTensor[]): void {
  const sizes = tensors.map(({ tensor }) => elementCount(tensor.shape));
  const rest = b.shape(flat)[0]! - sizes.reduce((sum, size) => sum + size, 0);
  const all = rest === 0 ? sizes : [...sizes, rest];
  const parts = all.length === 1 ? [flat] : b.multi('Split', [flat, b.ints(all)], all.length, { axis: 0 });
  tensors.forEach(({ name, tensor }, i) => {
    b.multi('Reshape', [parts[i]!, b.ints(tensor.shape)], 1, {}, { outputs: [name] });
  });
}

const bytes = (values: readonly number[]): Tensor => ({
  dtype: 'uint8',
  shape: [values.length],
  data: Uint8Array.from(values),
});

const listOf = (dtype: Tensor['dtype'], values: readonly number[]): Tensor =>
  dtype === 'int8'
    ? { dtype, shape: [values.length], data: Int8Array.from(values) }
    : { dtype, shape: [values.length], data: Float32Array.from(values) };
