import type { OperatorName, Options } from './schema.ts';
import type { TensorEntry } from './subgraph.ts';

/** A use of an operator: its tensors and what it is told. */
export interface Use {
  readonly name: OperatorName;
  readonly inputs: readonly TensorEntry[];
  readonly output: TensorEntry;
  readonly options: Options | undefined;
}

type Versions = (use: Use) => number;

const isInteger = ({ inputs }: Use) => inputs[0]!.type === 'int8';
const dimensions = ({ inputs }: Use) => inputs[0]!.shape.length;
const told = ({ options }: Use, slot: number) => options?.fields.find(([, at]) => at === slot)?.[2] ?? 0;
const broadcastsFar = ({ inputs }: Use) =>
  inputs[0]!.shape.join() !== inputs[1]!.shape.join() && inputs.some(({ shape }) => shape.length > 4);

/** The first definition that knows 8-bit integers is the second. */
const integersSecond: Versions = (use) => (isInteger(use) ? 2 : 1);

const convolution =
  (plain: Versions): Versions =>
  (use) => {
    const { type } = use.inputs[1]!;
    return type === 'int8' ? 3 : type === 'int4' ? 7 : plain(use);
  };

const isGrouped = ({ inputs: [x, filter] }: Use) => x!.shape[3] !== filter!.shape[3];
const isDilated = (use: Use) => told(use, 5) > 1 || told(use, 6) > 1;

const fullyConnected: Versions = (use) => {
  const { type, quantization } = use.inputs[1]!;
  const onCodes = type === 'float32' ? 1 : type === 'int4' ? 10 : isInteger(use) ? 4 : quantization!.scales.length > 1 ? 12 : 9;
  return Math.max(onCodes, told(use, 2) === 1 ? 5 : 1);
};

const dequantize: Versions = ({ inputs: [codes] }) =>
  codes!.type === 'int4' ? 6 : codes!.quantization!.scales.length > 1 ? 5 : 2;

/** A product may need a factor of 1 or more between its codes and those of its inputs. */
const product: Versions = (use) => {
  if (!isInteger(use)) return 1;
  const [a, b, y] = [...use.inputs, use.output].map(({ quantization }) => quantization!.scales[0]!) as [number, number, number];
  return (a * b) / y >= 1 ? 3 : 2;
};

/** Other definitions than the first. */
const versions: Readonly<Partial<Record<OperatorName, Versions>>> = {
  ADD: integersSecond,
  CONCATENATION: integersSecond,
  CONV_2D: (use) => Math.max(isGrouped(use) ? 6 : 1, convolution(() => 1)(use)),
  DEPTHWISE_CONV_2D: convolution((use) => (isDilated(use) ? 2 : 1)),
  DEQUANTIZE: dequantize,
  DIV: (use) => (broadcastsFar(use) ? 2 : 1),
  FULLY_CONNECTED: fullyConnected,
  GATHER: integersSecond,
  MAXIMUM: (use) => (broadcastsFar(use) ? 3 : 1),
  MAX_POOL_2D: integersSecond,
  MEAN: integersSecond,
  MINIMUM: (use) => (broadcastsFar(use) ? 3 : 1),
  MUL: product,
  PAD: (use) => (dimensions(use) > 4 ? 4 : integersSecond(use)),
  PADV2: (use) => (dimensions(use) > 4 ? 4 : integersSecond(use)),
  RELU: integersSecond,
  RELU6: integersSecond,
  STRIDED_SLICE: (use) => (dimensions(use) > 4 ? 4 : integersSecond(use)),
  SUB: (use) => (broadcastsFar(use) ? 3 : 1),
  TRANSPOSE: (use) => (dimensions(use) > 5 ? 6 : dimensions(use) > 4 ? 4 : integersSecond(use)),
};

/**
 * The oldest definition of an operator that does what this use asks for: a runtime that does not have it yet refuses the file,
 * and does not compute something else. Source: op_version.cc in tensorflow/compiler/mlir/lite/tools/versioning.
 */
export const versionOf = (use: Use): number => versions[use.name]?.(use) ?? 1;
