import type { Progress } from '../../core/trial.ts';
import type { Dataset } from './dataset.ts';
import type { Places } from './places.ts';

/** What a space file says under `data:`. */
export interface DataOptions {
  /** The user's own folder with the files. */
  readonly folder?: string | undefined;
  /** Images to hold out of the training images. */
  readonly validation: number;
  /** Images to train on; all where absent. */
  readonly limit?: number | undefined;
  /** Pictures of any size are scaled to it: height and width in pixels, one number where they are equal. */
  readonly size?: number | readonly [height: number, width: number] | undefined;
  readonly colour?: 'rgb' | 'grey' | undefined;
  /** Of a sound that is looked at. */
  readonly seconds?: number | undefined;
  /** Samples a second. */
  readonly rate?: number | undefined;
  /** Bands of the spectrogram: its height. */
  readonly mels?: number | undefined;
  /** Milliseconds from one column of the spectrogram to the next. */
  readonly hop?: number | undefined;
}

/** Options of some data sets alone. */
export const specialOptions = ['size', 'colour', 'seconds', 'rate', 'mels', 'hop'] as const;
export type SpecialOption = (typeof specialOptions)[number];

export interface DataHooks {
  progress(progress: Progress): void;
}

/** One data set that `data.name` can name. */
export interface DatasetDefinition {
  readonly name: string;
  readonly summary: string;
  /** `data.folder` must be given. */
  readonly needsFolder: boolean;
  /** Which of the options that not all data sets have say how its files are seen. */
  readonly options?: readonly SpecialOption[];
  /** The folder on this machine that has the files, not yet verified; absent where the data set has no place of its own. */
  find?(places: Places): string | undefined;
  /** Throws NasError DATA_MISSING, DATA_CORRUPT, DATA_TOO_SMALL, DATA_TOO_LARGE, DATA_READER, DATA_SOUND. */
  load(options: DataOptions, hooks: DataHooks, places: Places): Promise<Dataset>;
}
