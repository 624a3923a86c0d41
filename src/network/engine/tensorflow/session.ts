import { exitCodes, NasError } from '../../../core/errors.ts';
import { elementCount, type Graph, show, type Tensor } from '../../ir/graph.ts';
import { emitAll } from '../lowering/expand.ts';
import { emissions } from '../lowering/portable/index.ts';
import type { Session, Tensors } from '../session.ts';
import { Interpreter } from './interpreter.ts';
import type { TensorFlow, TfTensor } from './kernel.ts';
import { kernels } from './kernels/index.ts';
import { dataOf, toTf } from './tensors.ts';

/** Opens a train step on TensorFlow.js. The same contract as a session of onnxruntime, without a profile. */
export function openTensorflowSession(tf: TensorFlow, step: Graph): Session {
  const graph = withKernels(step);
  const interpreter = new Interpreter(tf, graph);
  let open = true;
  return {
    inputs: graph.inputs.map(({ name }) => name),
    outputs: graph.outputs,
    run: (feeds, fetches) => run(tf, graph, interpreter, feeds, fetches),
    endProfiling: () => Promise.resolve([]),
    release() {
      if (open) interpreter.dispose();
      open = false;
      return Promise.resolve();
    },
  };
}

/** Training ops that TensorFlow has no kernel for become ops that it has. */
const withKernels = (step: Graph): Graph =>
  emitAll(step, ({ domain, op }) => (domain === 'espalier' && !kernels[`espalier:${op}`] ? emissions[op] : undefined));

async function run(
  tf: TensorFlow,
  graph: Graph,
  interpreter: Interpreter,
  feeds: Tensors,
  fetches: Tensors | undefined,
): Promise<Record<string, Tensor>> {
  try {
    const names = fetches ? Object.keys(fetches) : [...new Set(graph.outputs)];
    const own = Object.fromEntries(graph.inputs.map(({ name }) => [name, toTf(tf, feeds[name]!)]));
    const results = interpreter.run(own, names);
    const read = await Promise.all(
      names.map(async (name) => [name, await readOut(graph, name, results[name]!, fetches?.[name])] as const),
    );
    return Object.fromEntries(read);
  } catch (error) {
    if (error instanceof NasError) throw error;
    throw new NasError(
      'ENGINE_RUN',
      `TensorFlow failed to run the step: ${error instanceof Error ? error.message : String(error)}`,
      {
        exitCode: exitCodes.failure,
        cause: error,
      },
    );
  }
}

/** Into the tensor that is given, or a new one; the device's memory is given back. */
async function readOut(graph: Graph, name: string, result: TfTensor, target: Tensor | undefined): Promise<Tensor> {
  const { dtype, shape } = graph.types[name]!;
  const data = await dataOf(result, dtype);
  result.dispose();
  if (data.length !== elementCount(shape)) throw new Error(`${name} came with ${data.length} numbers for ${show(shape)}`);
  if (!target) return { dtype, shape, data };
  (target.data as Float32Array).set(data as Float32Array);
  return target;
}
