import type { Dataset } from '../network/data/dataset.ts';
import { encode } from '../network/ir/bytes/encode.ts';
import type { Graph } from '../network/ir/graph.ts';

/** Opset of every exported file: the first with per-channel QDQ that all of onnxruntime's integer kernels fuse. */
export const opset = 17;

/**
 * The bytes that are measured and shipped. The first dimension of inputs and outputs is the symbol `N`; what the input
 * means (normalisation, class names) stands in the file's metadata, so that it is usable on its own.
 */
export function exportGraph(graph: Graph, dataset: Dataset): Uint8Array {
  return encode(graph, { opset, symbolicBatch: 'N', producer: 'espalier', metadata: metadataOf(dataset) });
}

const metadataOf = ({ normalization, classes }: Dataset): Record<string, string> => ({
  preprocessing: JSON.stringify({ formula: '(pixel / 255 - mean) / std', ...normalization }),
  classes: JSON.stringify(classes),
});
