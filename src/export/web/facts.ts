import type { LogMel } from '../../network/data/sounds/log-mel.ts';

/** What the page of a web bundle knows of its model; lies beside it as `facts.json`. */
export interface WebFacts {
  readonly study: string;
  readonly trial: number;
  readonly bytes: number;
  readonly testAccuracy: number;
  readonly testImages: number;
  readonly classes: readonly string[];
  readonly input: {
    readonly name: string;
    /** Of one picture: [C, H, W]. */
    readonly shape: readonly [channels: number, height: number, width: number];
    /** The network sees (pixel / 255 − mean) / std, per channel. */
    readonly mean: readonly number[];
    readonly std: readonly number[];
    /** Pictures cover the image, as those that the network was trained on; absent: they are seen whole, on black. */
    readonly resize?: { readonly fit: 'cover' };
    /** Sounds are seen so; absent where the network takes pictures. */
    readonly sound?: LogMel;
  };
}
