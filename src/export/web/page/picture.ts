import type { WebFacts } from '../facts.ts';
import { drawingPad } from './pad.ts';
import { find, type Source } from './page.ts';
import { tensorOf } from './tensor.ts';

/** What is drawn, or was chosen, dropped or pasted; at most one picture, in its own size. */
export function pictureSource({ input }: WebFacts, changed: () => void): Source {
  const [canvas, seen] = ['pad', 'seen'].map(find) as [HTMLCanvasElement, HTMLCanvasElement];
  const swap = find('swap') as HTMLInputElement;
  let picture: ImageBitmap | undefined;
  const pad = drawingPad(canvas, () => {
    picture = undefined;
    changed();
  });
  swap.addEventListener('change', changed);
  find('clear').addEventListener('click', () => {
    picture = undefined;
    pad.clear();
    changed();
  });
  return {
    what: 'picture',
    async take(file) {
      picture = await createImageBitmap(file, { colorSpaceConversion: 'none' });
      pad.show(picture);
    },
    input: () => tensorOf(look(picture ?? canvas, seen, input).data, input, swap.checked),
  };
}

/** The picture as large as the network takes it: whole, on black; or what covers the image, where it was trained on such. */
function look(
  source: ImageBitmap | HTMLCanvasElement,
  seen: HTMLCanvasElement,
  { shape: [, height, width], resize }: WebFacts['input'],
): ImageData {
  [seen.width, seen.height] = [width, height];
  const context = seen.getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height);
  const fitting = resize?.fit === 'cover' ? Math.max : Math.min;
  const scale = fitting(width / source.width, height / source.height);
  const [shownWidth, shownHeight] = [source.width * scale, source.height * scale];
  context.imageSmoothingQuality = 'high';
  context.imageSmoothingEnabled = scale !== 1;
  context.drawImage(source, (width - shownWidth) / 2, (height - shownHeight) / 2, shownWidth, shownHeight);
  return context.getImageData(0, 0, width, height);
}
