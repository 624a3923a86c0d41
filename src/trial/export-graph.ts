import type { Dataset } from '../network/data/dataset.ts';
import { type EncodeOptions, encode } from '../network/ir/bytes/encode.ts';
import type { Graph } from '../network/ir/graph.ts';

/** Opset of every exported file: the first with per-channel QDQ that all of onnxruntime's integer kernels fuse. */
export const opset = 17;

/**
 * The bytes that are measured and shipped. The first dimension of inputs and outputs is the symbol `N`; what the input
 * means (normalisation, class names) stands in the file's metadata, so that it is usable on its own.
 */
export const exportGraph = (graph: Graph, dataset: InputMeaning): Uint8Array => encode(graph, exportOptions(dataset));

/** What of the data travels with the file. */
export type InputMeaning = Pick<Dataset, 'normalization' | 'classes' | 'resize' | 'sound'>;

export const exportOptions = (meaning: InputMeaning): EncodeOptions => ({
  opset,
  symbolicBatch: 'N',
  producer: 'espalier',
  metadata: metadataOf(meaning),
});

/** From a picture, or a sound's spectrogram, to the network's input. */
export const preprocessingOf = ({ normalization: { mean, std }, resize, sound }: InputMeaning) => ({
  formula: '(pixel / 255 - mean) / std',
  mean,
  std,
  ...(resize ? { resize } : {}),
  ...(sound ? { sound } : {}),
});

const metadataOf = (meaning: InputMeaning): Record<string, string> => ({
  preprocessing: JSON.stringify(preprocessingOf(meaning)),
  classes: JSON.stringify(meaning.classes),
});
