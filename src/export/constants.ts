import {
  type DType,
  dataArrays,
  dtypeCodes,
  elementCount,
  type Node,
  type Shape,
  type Tensor,
  type TensorData,
} from '../network/ir/graph.ts';
import { readInt, readInts, readString } from '../network/ir/ops/support/attributes.ts';
import { broadcast, toNumbers } from '../network/ir/ops/support/shapes.ts';

/**
 * Values of nodes that read constants only: the ops with which an exported file takes packed and sparse weights apart.
 * Undefined for an op that has no entry here.
 */
export function evaluate(node: Node, inputs: readonly (Tensor | undefined)[]): readonly Tensor[] | undefined {
  const evaluator = evaluators[node.op];
  return evaluator && inputs.every((input, i) => input || node.inputs[i] === '')
    ? evaluator(inputs as Tensor[], node)
    : undefined;
}

/** Undefined where the entry does not know this form of the op. */
type Evaluator = (inputs: readonly Tensor[], node: Node) => readonly Tensor[] | undefined;

/** Integers wrap around, as their arrays do. */
function tensor(dtype: DType, shape: Shape, element: (index: number) => number): Tensor {
  const data = new dataArrays[dtype](elementCount(shape));
  for (let i = 0; i < data.length; i++) data[i] = dtype === 'int64' ? BigInt(element(i)) : element(i);
  return { dtype, shape, data };
}

const binary =
  (compute: (a: number, b: number) => number): Evaluator =>
  ([a, b]) => {
    const shape = broadcast([a!.shape, b!.shape])!;
    const [left, right] = [placesIn(a!.shape, shape), placesIn(b!.shape, shape)];
    return [tensor(a!.dtype, shape, (i) => compute(Number(a!.data[left(i)]), Number(b!.data[right(i)])))];
  };

/** From the place in a broadcast shape to that in the tensor. */
function placesIn(own: Shape, shape: Shape): (index: number) => number {
  const padded = [...shape.slice(own.length).map(() => 1), ...own];
  return (index) => {
    let [rest, place, step] = [index, 0, 1];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const at = rest % shape[axis]!;
      rest = (rest - at) / shape[axis]!;
      if (padded[axis] !== 1) place += at * step;
      step *= padded[axis]!;
    }
    return place;
  };
}

const bitShift: Evaluator = (inputs, node) =>
  binary(readString(node, 'direction', '') === 'LEFT' ? (a, b) => a << b : (a, b) => a >> b)(inputs, node);

const cast: Evaluator = ([x], node) => {
  const code = readInt(node, 'to', 0);
  const dtype = (Object.keys(dtypeCodes) as DType[]).find((name) => dtypeCodes[name] === code)!;
  return [tensor(dtype, x!.shape, (i) => Number(x!.data[i]))];
};

const reshape: Evaluator = ([x, sizes]) => {
  const wished = toNumbers(sizes!).map((size, i) => (size === 0 ? x!.shape[i]! : size));
  const known = wished.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  return [{ ...x!, shape: wished.map((size) => (size === -1 ? elementCount(x!.shape) / known : size)) }];
};

/** Along the first axis, which is all that a decoder asks for. */
const slice: Evaluator = ([x, starts, ends, axes, steps]) => {
  const along = starts!.data.length === 1 && (!axes || isZero(axes)) && (!steps || toNumbers(steps).every((step) => step === 1));
  if (!along || toNumbers(starts!)[0]! < 0 || toNumbers(ends!)[0]! < 0) return undefined;
  const [from] = toNumbers(starts!);
  const to = Math.min(toNumbers(ends!)[0]!, x!.shape[0]!);
  return [part(x!, from!, to)];
};

function part(x: Tensor, from: number, to: number): Tensor {
  const inner = elementCount(x.shape.slice(1));
  return { ...x, shape: [to - from, ...x.shape.slice(1)], data: x.data.slice(from * inner, to * inner) as TensorData };
}

const isZero = (tensor: Tensor): boolean => toNumbers(tensor).every((value) => value === 0);

const split: Evaluator = ([x, sizes], node) => {
  if (!sizes || readInt(node, 'axis', 0) !== 0) return undefined;
  let from = 0;
  return toNumbers(sizes!).map((size) => {
    from += size;
    return part(x!, from - size, from);
  });
};

const cumSum: Evaluator = ([x]) => {
  if (x!.shape.length !== 1) return undefined;
  let sum = 0;
  return [tensor(x!.dtype, x!.shape, (i) => (sum += Number(x!.data[i])))];
};

const gather: Evaluator = ([x, indices]) =>
  x!.shape.length === 1 && indices!.data.every((index) => index >= 0)
    ? [tensor(x!.dtype, indices!.shape, (i) => Number(x!.data[Number(indices!.data[i])]))]
    : undefined;

const expand: Evaluator = ([x, sizes]) => {
  const shape = broadcast([x!.shape, toNumbers(sizes!)])!;
  const place = placesIn(x!.shape, shape);
  return [tensor(x!.dtype, shape, (i) => Number(x!.data[place(i)]))];
};

const scatter: Evaluator = ([x, indices, updates]) => {
  const data = x!.data.slice() as TensorData;
  indices!.data.forEach((index, i) => {
    data[Number(index)] = updates!.data[i]!;
  });
  return [{ ...x!, data }];
};

const dequantize: Evaluator = ([q, scale, zeroPoint], node) => {
  const { shape } = q!;
  const given = readInt(node, 'axis', 1);
  const axis = given < 0 ? given + shape.length : given;
  const inner = scale!.shape.length === 0 ? elementCount(shape) : elementCount(shape.slice(axis + 1));
  const channels = elementCount(scale!.shape);
  const channel = (i: number) => Math.floor(i / inner) % channels;
  const zero = (i: number) => (zeroPoint ? Number(zeroPoint.data[channel(i)]) : 0);
  return [tensor('float32', shape, (i) => (Number(q!.data[i]) - zero(i)) * Number(scale!.data[channel(i)]))];
};

const transpose: Evaluator = ([x], node) => [permuted(x!, readInts(node, 'perm') ?? x!.shape.map((_, i) => i).toReversed())];

/** The tensor with its axes in another order. */
export function permuted(x: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => x.shape[axis]!);
  const steps = order.map((axis) => elementCount(x.shape.slice(axis + 1)));
  const data = new dataArrays[x.dtype](elementCount(shape));
  const at = shape.map(() => 0);
  let place = 0;
  for (let i = 0; i < data.length; i++) {
    data[i] = x.data[place]!;
    // The last axis first; one that is through begins anew, and the one before it goes on.
    for (let k = at.length - 1; k >= 0; k--) {
      place += steps[k]!;
      if (++at[k]! < shape[k]!) break;
      place -= steps[k]! * shape[k]!;
      at[k] = 0;
    }
  }
  return { dtype: x.dtype, shape, data };
}

const evaluators: Readonly<Record<string, Evaluator>> = {
  Add: binary((a, b) => a + b),
  BitShift: bitShift,
  Cast: cast,
  CumSum: cumSum,
  DequantizeLinear: dequantize,
  Div: binary((a, b) => a / b),
  Expand: expand,
  Gather: gather,
  Identity: (inputs) => [inputs[0]!],
  Mul: binary((a, b) => a * b),
  Pow: binary((a, b) => a ** b),
  Reshape: reshape,
  ScatterElements: scatter,
  Slice: slice,
  Split: split,
  Sqrt: ([x]) => [tensor(x!.dtype, x!.shape, (i) => Math.sqrt(Number(x!.data[i])))],
  Sub: binary((a, b) => a - b),
  Transpose: transpose,
};
