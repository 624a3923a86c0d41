import type { Sharp, SharpOptions } from 'sharp';
import { NasError } from '../../../core/errors.ts';
import type { Progress } from '../../../core/trial.ts';
import { emptySplit, type ImageShape, imageSize, type Split } from '../dataset.ts';
import { corrupt } from '../idx.ts';
import type { ImageFile } from './layout.ts';

type OpenImage = (path: string, options: SharpOptions) => Sharp;

/** Read side by side: libvips works in threads of its own. */
const atOnce = 8;
/** Progress is told so often in all. */
const steps = 500;

/**
 * The pictures as the network sees them: turned as their EXIF data say, scaled so that they cover [H, W], the middle cut out,
 * in sRGB or grey, what is transparent in black (`Resize`). Throws NasError DATA_CORRUPT (one cannot be read), DATA_READER.
 */
export async function decodeImages(
  files: readonly ImageFile[],
  shape: ImageShape,
  progress: (progress: Progress) => void,
): Promise<Split> {
  const open = await loadReader();
  const step = Math.ceil(files.length / steps);
  const split = emptySplit(files.length, imageSize(shape));
  let [next, done] = [0, 0];
  const readSome = async () => {
    for (let i = next++; i < files.length; i = next++) {
      const file = files[i]!;
      placePlanes(await pixelsOf(open, file.path, shape), shape, split.images, i * imageSize(shape));
      split.labels[i] = file.label;
      if (++done % step === 0 || done === files.length) progress({ stage: 'read images', done, total: files.length });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, readSome));
  return split;
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
function placePlanes(pixels: Uint8Array, [channels, height, width]: ImageShape, target: Uint8Array, at: number): void {
  const plane = height * width;
  for (let c = 0; c < channels; c++) {
    const start = at + c * plane;
    for (let i = 0, from = c; i < plane; i++, from += channels) target[start + i] = pixels[from]!;
  }
}
