import { inferNode, type Scope } from '../builder.ts';
import type { DType, Node, Shape, Tensor, TensorData, TensorType } from '../graph.ts';
import { dataArrays, dtypeCodes, elementCount, tensorOf } from '../graph.ts';
import { cutsOf } from '../ops/slicing.ts';
import { readInt, readString, readTensor } from '../ops/support/attributes.ts';
import { broadcast, toNumbers } from '../ops/support/shapes.ts';

/** What a node's output is known to be before anything runs: exporters compute shapes and constants with nodes of their own. */

/** Elements of a folded constant at most: shapes, axes, biases, masks of attention in windows. What only turns a constant round may be as large as it is. */
const most = 1 << 21;

/** The value of a node whose inputs are constants (Shape: whatever its input); undefined where that is not known here. */
export function foldNode(node: Node, scope: Scope): Tensor | undefined {
  const rule = node.domain === '' && node.outputs.length === 1 ? rules.get(node.op) : undefined;
  if (!rule) return undefined;
  if (node.op === 'Shape') return shapeOf(node, scope);
  const inputs = node.inputs.map((name) => (name === '' ? undefined : scope.constantOf(name)));
  const optional = (i: number) => (node.op === 'CastLike' && i === 1) || (node.op === 'Slice' && node.inputs[i] === '');
  const missing = inputs.some((input, i) => !input && !optional(i));
  if (missing || !inputs[0]) return undefined;
  const type = () => inferNode(node, scope)[0]!;
  const like = scope.typeOf(node.inputs[1] ?? '')?.dtype;
  return rule({ node, inputs: inputs as readonly Tensor[], type, ...(like ? { like } : {}) });
}

/** Ops that only ever compute constants here: they are no part of a network. */
export const onlyFolded: ReadonlySet<string> = new Set([
  'Shape',
  'ConstantOfShape',
  'CastLike',
  'Range',
  'ReduceProd',
  'Mod',
  'Not',
  'ScatterND',
]);

interface RuleContext {
  readonly node: Node;
  readonly inputs: readonly Tensor[];
  /** Of the output, inferred. */
  readonly type: () => TensorType;
  /** The type of input 1. */
  readonly like?: DType;
}

type FoldRule = (context: RuleContext) => Tensor | undefined;

function shapeOf(node: Node, scope: Scope): Tensor | undefined {
  const shape = scope.typeOf(node.inputs[0] ?? '')?.shape;
  if (!shape) return undefined;
  const part = shape.slice(readInt(node, 'start', 0), readInt(node, 'end', shape.length));
  return tensorOf('int64', [part.length], part);
}

/** Numbers as another type, as ONNX casts: towards zero. */
function cast({ dtype, shape, data }: Tensor, to: DType): Tensor | undefined {
  if (dtype === to) return { dtype, shape, data };
  const numbers = Array.from(data, Number);
  if (to === 'float32' || to === 'float64') return tensorOf(to, shape, numbers);
  if (!numbers.every(Number.isFinite)) return undefined;
  return tensorOf(to, shape, to === 'bool' ? numbers.map((value) => Number(value !== 0)) : numbers.map(Math.trunc));
}

const castTo: FoldRule = ({ node, inputs }) => {
  const to = (Object.keys(dtypeCodes) as DType[]).find((name) => dtypeCodes[name] === readInt(node, 'to', 0));
  return to && cast(inputs[0]!, to);
};

/** The same numbers in another shape. */
const reshaped: FoldRule = ({ inputs, type }) => ({ ...inputs[0]!, shape: type().shape });

/** The data of a tensor at places of it. */
function picked({ dtype, data }: Tensor, shape: Shape, places: Iterable<number>): Tensor {
  const result = new dataArrays[dtype](elementCount(shape));
  let i = 0;
  for (const place of places) result[i++] = data[place]!;
  return { dtype, shape, data: result as TensorData };
}

function stridesOf(shape: Shape): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

/** For every element of `shape` in order: the sum of its coordinates times the strides. */
function* walk(shape: Shape, strides: readonly number[]): Generator<number> {
  const count = elementCount(shape);
  const own = stridesOf(shape);
  for (let i = 0; i < count; i++) {
    yield shape.reduce((place, size, axis) => place + (Math.floor(i / own[axis]!) % size) * strides[axis]!, 0);
  }
}

const transposed: FoldRule = ({ node, inputs, type }) => {
  const [x] = inputs as [Tensor];
  const attribute = node.attributes['perm'];
  const perm = attribute?.kind === 'ints' ? attribute.value : x.shape.map((_, i) => x.shape.length - 1 - i);
  const strides = stridesOf(x.shape);
  const { shape } = type();
  return picked(
    x,
    shape,
    walk(
      shape,
      perm.map((axis) => strides[axis]!),
    ),
  );
};

/** A tensor stretched to a shape that it can be broadcast to. */
function stretched(x: Tensor, shape: Shape): Tensor {
  const lead = shape.length - x.shape.length;
  const own = stridesOf(x.shape);
  const strides = shape.map((_, axis) => (axis < lead || x.shape[axis - lead] === 1 ? 0 : own[axis - lead]!));
  return picked(x, shape, walk(shape, strides));
}

const expanded: FoldRule = ({ inputs, type }) => {
  const { shape } = type();
  return elementCount(shape) <= most ? stretched(inputs[0]!, shape) : undefined;
};

/** Numbers one by one, broadcast. */
const elementwise =
  (combine: (...numbers: number[]) => number, resultOf: (inputs: readonly Tensor[]) => DType): FoldRule =>
  ({ inputs }) => {
    const shape = broadcast(inputs.map((input) => input.shape));
    if (!shape || elementCount(shape) > most) return undefined;
    const operands = inputs.map((input) => toNumbers(stretched(input, shape)));
    const values = operands[0]!.map((_, i) => combine(...operands.map((numbers) => numbers[i]!)));
    const dtype = resultOf(inputs);
    return dtype.startsWith('float') || values.every(Number.isSafeInteger) ? tensorOf(dtype, shape, values) : undefined;
  };

const first = (inputs: readonly Tensor[]): DType => inputs[0]!.dtype;
const truth = (): DType => 'bool';

/** Whole numbers are divided towards zero. */
const divided: FoldRule = (context) => {
  const whole = !first(context.inputs).startsWith('float');
  return elementwise((a, b) => (whole ? Math.trunc(a / b) : a / b), first)(context);
};

const modulo: FoldRule = (context) => {
  const signed = readInt(context.node, 'fmod', 0) !== 0;
  return elementwise((a, b) => (signed ? a % b : a - b * Math.floor(a / b)), first)(context);
};

/** One after the other along an axis. */
const joined: FoldRule = ({ node, inputs, type }) => {
  const { dtype, shape } = type();
  if (inputs.some((input) => input.dtype !== dtype) || elementCount(shape) > most) return undefined;
  const given = readInt(node, 'axis', 0);
  const inner = elementCount(shape.slice(given < 0 ? given + shape.length : given));
  const numbers = inputs.map(toNumbers);
  const pieces = inputs.map(({ data }) => (data.length * inner) / elementCount(shape));
  const rows = Array.from({ length: elementCount(shape) / inner }, (_, row) =>
    numbers.flatMap((own, i) => own.slice(row * pieces[i]!, (row + 1) * pieces[i]!)),
  );
  return tensorOf(dtype, shape, rows.flat());
};

/** Entries of a list. */
const gathered: FoldRule = ({ inputs }) => {
  const [list, indices] = inputs;
  if (list?.shape.length !== 1 || !indices || indices.data.length > most) return undefined;
  const size = list.data.length;
  const places = toNumbers(indices).map((index) => (index < 0 ? index + size : index));
  return places.every((place) => place >= 0 && place < size) ? picked(list, indices.shape, places) : undefined;
};

/** Along any axes, in steps of either direction. */
const sliced: FoldRule = ({ node, inputs, type }) => {
  const [x] = inputs as [Tensor];
  const { shape } = type();
  if (elementCount(shape) > most) return undefined;
  const cuts = cutsOf(node, x.shape, inputs);
  const strides = stridesOf(x.shape);
  const start = cuts.reduce((sum, cut, axis) => sum + cut.start * strides[axis]!, 0);
  const steps = cuts.map(({ step }, axis) => step * strides[axis]!);
  return picked(
    x,
    shape,
    Array.from(walk(shape, steps), (place) => start + place),
  );
};

const filled: FoldRule = ({ node, inputs }) => {
  const shape = toNumbers(inputs[0]!);
  if (shape.some((size) => size < 0) || !(elementCount(shape) <= most)) return undefined;
  const value = readTensor(node, 'value');
  const number = value ? Number(value.data[0]) : 0;
  return tensorOf(
    value?.dtype ?? 'float32',
    shape,
    Array.from({ length: elementCount(shape) }, () => number),
  );
};

const ranged: FoldRule = ({ inputs }) => {
  if (inputs.length !== 3) return undefined;
  const [start, limit, step] = inputs.map((input) => Number(input.data[0])) as [number, number, number];
  const count = Math.max(0, Math.ceil((limit - start) / step));
  if (!(count <= most)) return undefined;
  return tensorOf(
    first(inputs),
    [count],
    Array.from({ length: count }, (_, i) => start + i * step),
  );
};

/** A copy of a tensor in which slices at given places are others. */
const scattered: FoldRule = ({ node, inputs }) => {
  const [x, indices, updates] = inputs as [Tensor, Tensor, Tensor];
  const depth = indices.shape.at(-1) ?? 0;
  if (readString(node, 'reduction', 'none') !== 'none' || depth === 0 || updates.dtype !== x.dtype) return undefined;
  if (x.data.length > most) return undefined;
  const strides = stridesOf(x.shape);
  const slice = elementCount(x.shape.slice(depth));
  const result = picked(x, x.shape, x.data.keys());
  const numbers = toNumbers(indices);
  for (let i = 0; i * depth < numbers.length; i++) {
    const place = numbers.slice(i * depth, (i + 1) * depth);
    const start = place.reduce((sum, index, axis) => sum + (index < 0 ? index + x.shape[axis]! : index) * strides[axis]!, 0);
    if (!(start >= 0 && start + slice <= x.data.length)) return undefined;
    result.data.set(updates.data.subarray(i * slice, (i + 1) * slice) as never, start);
  }
  return result;
};

/** Of a list, to one number. */
const product: FoldRule = ({ node, inputs }) => {
  if (inputs[0]!.shape.length !== 1) return undefined;
  const value = toNumbers(inputs[0]!).reduce((total, size) => total * size, 1);
  return Number.isSafeInteger(value) ? tensorOf(first(inputs), readInt(node, 'keepdims', 1) ? [1] : [], [value]) : undefined;
};

const rules: ReadonlyMap<string, FoldRule> = new Map<string, FoldRule>([
  ['Shape', () => undefined],
  ['Identity', ({ inputs }) => inputs[0]],
  ['Cast', castTo],
  ['CastLike', ({ inputs, like }) => like && cast(inputs[0]!, like)],
  ['Reshape', reshaped],
  ['Squeeze', reshaped],
  ['Unsqueeze', reshaped],
  ['Flatten', reshaped],
  ['Transpose', transposed],
  ['Expand', expanded],
  ['Concat', joined],
  ['Gather', gathered],
  ['Slice', sliced],
  ['ConstantOfShape', filled],
  ['Range', ranged],
  ['ReduceProd', product],
  ['ScatterND', scattered],
  ['Add', elementwise((a, b) => a + b, first)],
  ['Sub', elementwise((a, b) => a - b, first)],
  ['Mul', elementwise((a, b) => a * b, first)],
  ['Div', divided],
  // Of whole numbers: the sign is the divisor's; with `fmod` the dividend's.
  ['Mod', modulo],
  ['Not', elementwise((a) => Number(!a), truth)],
  ['Equal', elementwise((a, b) => Number(a === b), truth)],
  [
    'Where',
    elementwise(
      (c, a, b) => (c ? a : b),
      (inputs) => inputs[1]!.dtype,
    ),
  ],
]);
