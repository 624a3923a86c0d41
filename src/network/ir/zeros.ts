import { type DType, dataArrays, elementCount, type Graph, type Shape, type Tensor } from './graph.ts';
import { parameterNames, stateNames } from './macs.ts';
import { asOutline } from './outlines.ts';

/**
 * Tensors of zeros share one piece of memory, whatever their size: a network of zeros costs nothing, and what follows
 * from its structure alone (bytes, multiply-accumulates) is that of any other. Work that maps zeros to zeros can be
 * skipped where `isZeros` says so. As with every tensor, nobody writes into the data.
 */
let memory = new ArrayBuffer(1 << 20);
const memories = new WeakSet<ArrayBufferLike>([memory]);

export function zeros(dtype: DType, shape: Shape): Tensor {
  const count = elementCount(shape);
  const bytes = count * dataArrays[dtype].BYTES_PER_ELEMENT;
  if (bytes > memory.byteLength) {
    memory = new ArrayBuffer(2 * bytes);
    memories.add(memory);
  }
  return { dtype, shape, data: new dataArrays[dtype](memory, 0, count) };
}

/** Whether a tensor was made by `zeros`; one that happens to hold zeros is none. */
export const isZeros = ({ data }: Tensor): boolean => memories.has(data.buffer);

/** The graph with zeros for everything that is trained. Other constants (shapes, axes) keep their values. */
export function withoutValues(graph: Graph): Graph {
  const initializers = { ...graph.initializers };
  for (const name of [...parameterNames(graph), ...stateNames(graph)]) {
    const { dtype, shape } = initializers[name]!;
    initializers[name] = zeros(dtype, shape);
  }
  return asOutline({ ...graph, initializers });
}
