import type { LogMel } from '../../network/data/sounds/log-mel.ts';
import type { Certificate } from '../certificate.ts';

/** What a format is made from: the measured bytes and what is known of them. */
export interface ExportSource {
  readonly model: Uint8Array;
  readonly certificate: Certificate;
  readonly input: ModelInput;
  /** By the index of the logit. */
  readonly classes: readonly string[];
  /** Accuracy (fraction) on the images that the search never saw. */
  readonly testAccuracy: number;
  readonly testImages: number;
  /** On the same images, by class. */
  readonly recall: readonly number[];
}

export interface ModelInput {
  readonly name: string;
  /** Of one image: [C, H, W]. */
  readonly shape: readonly [number, number, number];
  /** The network sees (pixel / 255 − mean) / std, per channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** How a picture of any size becomes an image; absent where they had that size. */
  readonly resize?: { readonly fit: 'cover'; readonly filter: string; readonly colour: string };
  /** How a sound becomes an image; absent where images are pictures. */
  readonly sound?: LogMel;
}

/** What a folder is made of: files by name. A name may hold folders. */
export type ExportFiles = Readonly<Record<string, string | Uint8Array>>;

/** One more shape in which a model ships, beside `model.onnx`. */
export interface ExportFormat {
  readonly name: string;
  /** The file or folder that one begins with. */
  readonly entry: string;
  /** What that is, and what it is for. */
  readonly summary: string;
  /** Refuses a model that the format cannot hold: throws NasError. Absent where it holds any. */
  readonly check?: (model: Uint8Array) => void;
  /** Whether its entry is a model for a runtime of its own, and is measured by that. */
  readonly measured?: boolean;
  /** The command that uses it in the folder `out`; absent where there is none. */
  readonly use?: (out: string) => string;
  /** How a program uses it: a paragraph of the model card. */
  card(source: ExportSource): string;
  /** Files of the folder by their names (a name may hold folders). */
  files(source: ExportSource): ExportFiles | Promise<ExportFiles>;
}
