import { Builder } from '../../ir/builder.ts';
import { dtypeCodes, type Graph, type Tensor, type TensorData, tensorOf } from '../../ir/graph.ts';
import { rebuild } from '../../ir/rebuild.ts';
import { isZeros, zeros } from '../../ir/zeros.ts';
import { packedStep, storePacked } from './packed.ts';
import { isStored, type Stored, sizeOf, storedIn } from './stored.ts';

/**
 * How weights are written. A file that any onnxruntime loads has no compressed tensors to offer: its own sparse
 * initializers spend 8 bytes on every index. So the file holds the values that are not 0, where they belong, and a few
 * standard ops that put them there. They read constants only, and onnxruntime folds them away when it loads the file:
 * the kernels that run are those of the dense network.
 * - `mask`: a bit per place, and the values. Best down to about one value in ten places.
 * - `gaps`: per value a byte with the distance from the value before it. Best beyond.
 * - `dense`: all values. Only codes of less than 8 bits need ops to be read then.
 * Tensors of one kind share one set of ops and are split afterwards. results/sparse-storage has the sizes.
 */
type Format = 'dense' | 'mask' | 'gaps';

/** Weights of which only some are written. */
type Sparse = Stored & { readonly count: number };

/** Tensors that are written together: as many bits each, read as the same type. */
interface Kind {
  readonly format: Format;
  readonly tensors: readonly Sparse[];
}

/** Bytes of the ops that one more tensor takes, and of those that all of a kind share: about. */
const tensorOverhead = 80;
const kindOverhead = 450;

/** A distance fits in a byte; longer ones are gone in several steps. */
const longestGap = 255;

/**
 * The graph with everything written that is to be stored, sparsely where that makes the file smaller. What a file weighs
 * depends on shapes and counts alone.
 */
export function writeStored(graph: Graph): Graph {
  const all = storedIn(graph).map((each): Sparse => ({ ...each, count: each.count ?? sizeOf(each) }));
  if (all.length === 0) return graph;
  const sparse = sparseKinds(all);
  const done = new Set(sparse.flatMap(({ tensors }) => tensors));
  return written(graph, [...sparse, ...denseKinds(all.filter((each) => !done.has(each)))]);
}

/** What is smaller so. */
function sparseKinds(all: readonly Sparse[]): readonly Kind[] {
  const kinds = new Map<string, { format: Format; tensors: Sparse[]; saved: number }>();
  for (const each of all) {
    const { format, saved } = bestFormat(each);
    // Packed codes take those ops in any format.
    const gained = saved - (isPacked(each) ? 0 : tensorOverhead);
    if (gained <= 0) continue;
    const key = `${each.bits} ${each.type.dtype} ${format}`;
    const kind = kinds.get(key) ?? { format, tensors: [], saved: 0 };
    kind.tensors.push(each);
    kind.saved += gained;
    kinds.set(key, kind);
  }
  return [...kinds.values()].filter(({ saved }) => saved > kindOverhead);
}

/** Packed codes together, all others each on its own. */
function denseKinds(all: readonly Sparse[]): readonly Kind[] {
  const kinds = new Map<string, { format: 'dense'; tensors: Sparse[] }>();
  for (const each of all) {
    const key = isPacked(each) ? `${each.bits} ${each.type.dtype}` : each.name;
    const kind = kinds.get(key) ?? { format: 'dense', tensors: [] };
    kind.tensors.push(each);
    kinds.set(key, kind);
  }
  return [...kinds.values()];
}

const isPacked = ({ bits }: Stored): boolean => bits < 8;

function bestFormat(weights: Sparse): { format: Format; saved: number } {
  const { bits, count } = weights;
  const size = sizeOf(weights);
  const bytes = { mask: (size + count * bits) / 8, gaps: (count + (size - count) / longestGap) * (bits / 8 + 1) };
  const format = bytes.mask <= bytes.gaps ? 'mask' : 'gaps';
  return { format, saved: (size * bits) / 8 - bytes[format] };
}

function written(graph: Graph, kinds: readonly Kind[]): Graph {
  const b = new Builder(graph.name);
  b.reserve(graph.nodes.map(({ name }) => name));
  b.reserve(Object.keys(graph.types));
  const marks = new Map(graph.nodes.filter(isStored).map((node) => [node.inputs[0]!, node.outputs[0]!]));
  const plain = new Map(kinds.flatMap((kind) => emitKind(b, kind)));
  const kept = Object.entries(graph.initializers).flatMap(([name, tensor]) => {
    const output = marks.get(name);
    if (output === undefined) return [[name, tensor] as const];
    const whole = plain.get(output);
    return whole ? [[output, whole] as const] : [];
  });
  const change = {
    nodes: [...b.nodes, ...graph.nodes.filter((node) => !isStored(node))],
    initializers: { ...Object.fromEntries(kept), ...b.initializers },
  };
  return b.nodes.length === 0 ? withTheSameTypes(graph, change) : rebuild(graph, change);
}

/** Values are read as they were: where nothing was added there are no types to infer. */
function withTheSameTypes(graph: Graph, { nodes, initializers }: Pick<Graph, 'nodes' | 'initializers'>): Graph {
  const names = [
    ...graph.inputs.map(({ name }) => name),
    ...Object.keys(initializers),
    ...nodes.flatMap(({ outputs }) => outputs),
  ];
  const types = Object.fromEntries(names.filter((name) => name !== '').map((name) => [name, graph.types[name]!]));
  return { ...graph, nodes, initializers, types };
}

/** What can be read as it is comes back. */
function emitKind(b: Builder, { format, tensors }: Kind): readonly (readonly [string, Tensor])[] {
  const [{ name, tensor: whole, type }] = tensors as [Sparse];
  if (format === 'dense' && !isPacked(tensors[0]!)) {
    const tensor = { ...whole, shape: type.shape };
    if (tensor.dtype === type.dtype) return [[name, tensor]];
    const stored = b.initializer(b.fresh(`${name}.q`), tensor);
    b.multi('Cast', [stored], 1, { to: dtypeCodes[type.dtype] }, { outputs: [name] });
  } else emitParts(b, emitters[format](b, tensors), tensors);
  return [];
}

/** What puts the tensors of a kind one after the other; returns [places], and more places behind. */
const emitters: Readonly<Record<Format, (b: Builder, tensors: readonly Sparse[]) => string>> = {
  dense: emitDense,
  mask: emitMask,
  gaps: emitGaps,
};

function emitDense(b: Builder, tensors: readonly Sparse[]): string {
  if (isOutline(tensors)) return emitValues(b, tensors, placesOf(tensors));
  return emitValues(
    b,
    tensors,
    tensors.flatMap(({ tensor }) => Array.from(tensor.data, Number)),
  );
}

/** bit → 0 or 1 → place in the list of values (0: none) → value. */
function emitMask(b: Builder, tensors: readonly Sparse[]): string {
  const { steps: bits, values } = packMask(tensors);
  const mask = b.initializer(b.fresh('mask'), { ...bits, shape: [bits.data.length, 1] });
  const shifts = b.initializer(b.fresh('shifts'), bytes([7, 6, 5, 4, 3, 2, 1, 0]));
  const last = b.initializer(b.fresh('seven'), { ...bytes([7]), shape: [] });
  const single = b.op('BitShift', [b.op('BitShift', [mask, shifts], { direction: 'LEFT' }), last], { direction: 'RIGHT' });
  const flags = b.op('Reshape', [b.op('Cast', [single], { to: dtypeCodes.int32 }), b.ints([-1])]);
  const positions = b.op('Mul', [b.op('CumSum', [flags, b.ints([0], [])]), flags]);
  return b.op('Gather', [emitValues(b, tensors, values), positions]);
}

/** distances → places → zeros with the values written there. */
function emitGaps(b: Builder, tensors: readonly Sparse[]): string {
  const { steps, values } = packGaps(tensors);
  const gaps = b.initializer(b.fresh('gaps'), steps);
  const positions = b.op('CumSum', [b.op('Cast', [gaps], { to: dtypeCodes.int32 }), b.ints([0], [])]);
  const zero = b.initializer(b.fresh('zero'), tensorOf(tensors[0]!.type.dtype, [], [0]));
  const base = b.op('Expand', [zero, b.ints([placesOf(tensors)])]);
  return b.op('ScatterElements', [base, positions, emitValues(b, tensors, values)], { axis: 0 });
}

/** Numbers, or how many there are. */
type Values = readonly number[] | number;

/** A list of values as the layers read them. Packed ones have zeros behind. */
function emitValues(b: Builder, tensors: readonly Sparse[], values: Values): string {
  const [{ tensor, bits, type }] = tensors as [Sparse];
  const count = typeof values === 'number' ? values : values.length;
  const length = isPacked(tensors[0]!) ? roundedUp(count) : count;
  const list = typeof values === 'number' ? zeros(tensor.dtype, [length]) : listOf(tensor.dtype, values, length);
  if (isPacked(tensors[0]!)) return storePacked(b, list, bits, type.dtype as 'int8' | 'float32');
  const stored = b.initializer(b.fresh('values'), list);
  return type.dtype === tensor.dtype ? stored : b.op('Cast', [stored], { to: dtypeCodes[type.dtype] });
}

const roundedUp = (count: number) => packedStep * Math.ceil(count / packedStep);

interface Packing {
  /** uint8: the bits, or the gaps. */
  readonly steps: Tensor;
  readonly values: Values;
}

const placesOf = (tensors: readonly Sparse[]) => tensors.reduce((sum, each) => sum + sizeOf(each), 0);

const countOf = (tensors: readonly Sparse[]) => tensors.reduce((sum, { count }) => sum + count, 0);

/** Whether only the structure is asked for, not the values. */
const isOutline = (tensors: readonly Sparse[]) => tensors.every(({ tensor }) => isZeros(tensor));

/** The first value is the 0 of the places that hold none. */
function packMask(tensors: readonly Sparse[]): Packing {
  const length = Math.ceil(placesOf(tensors) / 8);
  if (isOutline(tensors)) return { steps: zeros('uint8', [length]), values: 1 + countOf(tensors) };
  const bits = new Uint8Array(length);
  const values = [0];
  for (const { place, value } of entriesOf(tensors)) {
    bits[place >> 3]! |= 1 << (place & 7);
    values.push(value);
  }
  return { steps: { dtype: 'uint8', shape: [length], data: bits }, values };
}

/**
 * As many entries whatever the places are: where fewer steps than the most that could be needed go over long distances,
 * the last entry is repeated, which writes the same value to the same place.
 */
function packGaps(tensors: readonly Sparse[]): Packing {
  const count = countOf(tensors);
  const most = count + Math.floor((placesOf(tensors) - count) / longestGap);
  const length = isPacked(tensors[0]!) ? roundedUp(most) : most;
  if (isOutline(tensors)) return { steps: zeros('uint8', [length]), values: length };
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
  return { steps: bytes(gaps), values };
}

interface Entry {
  readonly place: number;
  readonly value: number;
}

/** The values that are written, ascending by their place in all tensors one after the other. */
function* entriesOf(tensors: readonly Sparse[]): Generator<Entry> {
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

/** Cuts the places of all tensors into theirs, under the names that they are read by. */
function emitParts(b: Builder, flat: string, tensors: readonly Sparse[]): void {
  const sizes = tensors.map(sizeOf);
  const rest = b.shape(flat)[0]! - placesOf(tensors);
  const all = rest === 0 ? sizes : [...sizes, rest];
  const parts = all.length === 1 ? [flat] : b.multi('Split', [flat, b.ints(all)], all.length, { axis: 0 });
  tensors.forEach(({ name, type }, i) => {
    b.multi('Reshape', [parts[i]!, b.ints(type.shape)], 1, {}, { outputs: [name] });
  });
}

const bytes = (values: readonly number[]): Tensor => tensorOf('uint8', [values.length], values);

/** With zeros behind. */
const listOf = (dtype: Tensor['dtype'], values: readonly number[], length: number): Tensor =>
  tensorOf(dtype, [length], [...values, ...Array.from({ length: length - values.length }, () => 0)]);
