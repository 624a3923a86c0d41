import type { Sharp, SharpOptions } from 'sharp';
import { NasError } from '../../../core/errors.ts';
import type { ExampleFile } from '../class-folder/layout.ts';
import type { ImageShape } from '../dataset.ts';
import { corrupt } from '../idx.ts';

type OpenImage = (path: string, options: SharpOptions) => Sharp;

/**
 * Opens what reads pictures as the network sees them, [C, H, W]: turned as their EXIF data say, scaled so that they cover [H, W],
 * the middle cut out, in sRGB or grey, what is transparent in black (`Resize`). Throws NasError DATA_READER; the reader DATA_CORRUPT.
 */
export async function imageReader(shape: ImageShape): Promise<(file: ExampleFile) => Promise<Uint8Array>> {
  const open = await loadReader();
  return async ({ path }) => planesOf(await pixelsOf(open, path, shape), shape);
}

/** Why folders of pictures cannot be read here, as what may be said of pictures; undefined where they can. */
export async function whyNoPictures(load: () => Promise<unknown> = loadReader): Promise<string | undefined> {
  try {
    await load();
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^pictures /, '');
  }
}

/** It comes with Espalier unless its install was told to leave optional packages out. */
async function loadReader(): Promise<OpenImage> {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    const message = `pictures cannot be read: the package sharp is not there or does not run (${why}). npm install sharp brings it.`;
    throw new NasError('DATA_READER', message, { cause: error });
  }
}

/** [H, W, C], bytes. */
async function pixelsOf(open: OpenImage, path: string, [channels, height, width]: ImageShape): Promise<Uint8Array> {
  try {
    const turned = open(path, { failOn: 'error', limitInputPixels: 2 ** 28 }).autoOrient();
    const sized = turned.resize(width, height, { fit: 'cover', kernel: 'lanczos3' }).flatten({ background: 'black' });
    const { data, info } = await sized
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels === channels) return data;
    throw new Error(`it has ${info.channels} channels, not ${channels}`);
  } catch (error) {
    throw corrupt(path, `cannot be read as a picture (${error instanceof Error ? error.message : String(error)})`, error);
  }
}

/** [H, W, C] → [C, H, W] */
function planesOf(pixels: Uint8Array, [channels, height, width]: ImageShape): Uint8Array {
  if (channels === 1) return pixels;
  const plane = height * width;
  const planes = new Uint8Array(channels * plane);
  for (let c = 0; c < channels; c++) {
    for (let i = 0, from = c; i < plane; i++, from += channels) planes[c * plane + i] = pixels[from]!;
  }
  return planes;
}
