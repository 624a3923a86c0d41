import { Builder } from '../ir/builder.ts';
import { encode } from '../ir/bytes/encode.ts';
import type { Graph } from '../ir/graph.ts';
import { carriedBy, nextOf } from './carried.ts';
import { fromNative, load, type NativeSession, type NativeTensors, nativeOptions, run, toNative } from './native.ts';
import type { Session, SessionOptions } from './session.ts';

/**
 * A session on WebGPU that keeps what the next run reads on the GPU: it goes to and fro once where it else would in every
 * run, and a run need not wait for it.
 *
 * @throws NasError ENGINE_MODEL where onnxruntime refuses the model.
 */
export async function openCarrying(graph: Graph, bytes: Uint8Array, options: SessionOptions): Promise<Session> {
  const names = carriedBy(graph);
  const settings = nativeOptions(options);
  const place = (name: string) => (names.some((carried) => nextOf(carried) === name) ? 'gpu-buffer' : 'cpu');
  const preferredOutputLocation = Object.fromEntries(graph.outputs.map((name) => [name, place(name)] as const));
  const native = await load(bytes, { ...settings, preferredOutputLocation });
  let carried: NativeTensors = {};
  let copier: NativeSession | undefined;
  let open = true;
  const replace = (values: NativeTensors) => {
    for (const tensor of Object.values(carried)) if (tensor.location === 'gpu-buffer') tensor.dispose();
    carried = values;
  };
  return {
    inputs: native.inputNames,
    outputs: native.outputNames,
    async run(feeds) {
      const results = (await run(native, { ...carried, ...toNative(feeds) })) as NativeTensors;
      const returned = Object.entries(results).filter(([name]) => place(name) === 'cpu');
      replace(Object.fromEntries(names.map((name) => [name, results[nextOf(name)]!])));
      return fromNative(Object.fromEntries(returned));
    },
    async readCarried() {
      copier ??= await load(copyModel(graph, names), settings);
      const copies = fromNative(await run(copier, carried));
      return Object.fromEntries(names.map((name) => [name, copies[copyOf(name)]!]));
    },
    endProfiling: () => Promise.resolve([]),
    async release() {
      if (!open) return;
      open = false;
      replace({});
      await native.release();
      await copier?.release();
    },
  };
}

const copyOf = (name: string): string => `${name}.copy`;

/** The package's tensors cannot be read back from the GPU themselves (onnxruntime-node 1.30): the results of a run can. */
function copyModel({ types }: Graph, names: readonly string[]): Uint8Array {
  const b = new Builder('copy');
  for (const name of names) b.input(name, types[name]!);
  return encode(b.build(names.map((name) => b.op('Identity', [name], {}, { name: copyOf(name) }))));
}
