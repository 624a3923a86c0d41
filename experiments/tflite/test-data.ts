import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSpace } from '../../src/cli/compose.ts';
import { evaluationBatches } from '../../src/network/data/batches.ts';
import { dataSpecSchema, loadDataset } from '../../src/network/data/index.ts';

/** The test data of a shipped folder as files: images as TensorFlow Lite wants them, [N, H, W, C], and labels. */
export async function writeTestData(shipped: string, folder: string) {
  const { data } = loadSpace(join(shipped, 'space.yaml'));
  const { test, shape } = await loadDataset(dataSpecSchema.parse(data), { progress: () => undefined });
  // Pixels of 0 … 1.
  const normalization = { mean: [0, 0, 0], std: [1, 1, 1] };
  const [channels, height, width] = shape;
  const places = height * width;
  const images = new Float32Array(test.count * channels * places);
  const labels = new Uint16Array(test.count);
  let done = 0;
  for (const batch of evaluationBatches({ split: test, shape, normalization, batchSize: 250 })) {
    for (let i = 0; i < batch.x.length; i++) {
      const [place, channel, image] = [i % places, Math.floor(i / places) % channels, Math.floor(i / places / channels)];
      images[((done + image) * places + place) * channels + channel] = batch.x[i]!;
    }
    labels.set(batch.labels.subarray(0, batch.count), done);
    done += batch.count;
  }
  const paths = { images: join(folder, 'images.bin'), labels: join(folder, 'labels.bin') };
  writeFileSync(paths.images, images);
  writeFileSync(paths.labels, labels);
  return { ...paths, shape: [height, width, channels] };
}
