import type { LogMel } from './sounds/log-mel.ts';

/** A classification data set of images (a sound's is its spectrogram) in memory. Plain data on shared memory: a structured clone to a thread copies no pixel. */
export interface Dataset {
  readonly name: string;
  /** Of one image: channels, height, width. */
  readonly shape: ImageShape;
  /** Names of the classes; a label is an index into them. */
  readonly classes: readonly string[];
  readonly normalization: Normalization;
  /** How pictures of any size became these images; absent where they had that size. */
  readonly resize?: Resize;
  /** How sounds became these images; absent where they are none. */
  readonly sound?: LogMel;
  readonly train: Split;
  /** Held out of the training files: all that a search may look at besides `train`. */
  readonly validation: Split;
  /** For the final report alone. */
  readonly test: Split;
  /** Hex SHA-256 of the files' content and of how it was split: equal hashes mean equal data. */
  readonly hash: string;
}

export type ImageShape = readonly [channels: number, height: number, width: number];

/** A picture is scaled until it covers the image, and its middle cut out. */
export interface Resize {
  readonly size: readonly [height: number, width: number];
  readonly fit: 'cover';
  readonly filter: 'lanczos3';
  readonly colour: 'srgb' | 'grey';
}

/** Per channel, in units of pixel / 255. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Indices of classes. */
export type ClassLabels = Uint8Array | Uint16Array;

/** What labels can tell apart. */
export const mostClasses = 2 ** 16;

export interface Split {
  /** [count, C·H·W], row-major NCHW, 0 … 255, on a SharedArrayBuffer. */
  readonly images: Uint8Array;
  /** [count], on a SharedArrayBuffer. */
  readonly labels: ClassLabels;
  readonly count: number;
}

export const imageSize = ([channels, height, width]: ImageShape): number => channels * height * width;

/** Room for a split that threads can share. */
export function emptySplit(count: number, size: number): Split {
  return {
    images: new Uint8Array(new SharedArrayBuffer(count * size)),
    labels: new Uint16Array(new SharedArrayBuffer(2 * count)),
    count,
  };
}
