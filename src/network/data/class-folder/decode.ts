import type { Progress } from '../../../core/trial.ts';
import { emptySplit, imageSize, type Split } from '../dataset.ts';
import type { View } from './class-folder.ts';
import type { ExampleFile } from './layout.ts';

/** Files are read side by side: decoders may work in threads of their own. */
const atOnce = 8;
/** Progress is told so often in all. */
const steps = 500;

/** The files as images, in their order. Throws NasError DATA_READER, DATA_CORRUPT. */
export async function decodeExamples(
  files: readonly ExampleFile[],
  view: View,
  progress: (progress: Progress) => void,
): Promise<Split> {
  const read = await view.reader();
  const size = imageSize(view.shape);
  const step = Math.ceil(files.length / steps);
  const split = emptySplit(files.length, size);
  let [next, done] = [0, 0];
  const readSome = async () => {
    for (let i = next++; i < files.length; i = next++) {
      const file = files[i]!;
      split.images.set(await read(file), i * size);
      split.labels[i] = file.label;
      if (++done % step === 0 || done === files.length) progress({ stage: `read ${view.what}`, done, total: files.length });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, readSome));
  return split;
}
