import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDrawnShapes } from '../../test/fixtures/data.ts';

export interface ToyOptions {
  /** Written under this name, `<name>.yaml`. */
  readonly name: string;
  /** Epochs of a trial; there are 256 images in one. */
  readonly epochs: number;
  /** Only what trains nothing: a trial takes a fraction of that. */
  readonly untrained?: boolean;
}

/** A space whose trials take a fraction of a second: a tiny ResNet on drawn shapes, with most techniques. */
const space = ({ epochs, untrained = false }: ToyOptions) => `
model: { family: resnet, depth: 6, widths: [4, 8], stemStride: 2 }
data: { name: idx, folder: data, validation: 128 }
baseline: { epochs: 2, batchSize: 32, learningRate: 0.1 }
trial: { epochs: ${epochs}, batchSize: 32, learningRate: [0.01, 0.02, 0.05] }
objectives: { accuracy: maximize, size: minimize }
layers:
  - match: "*"
${untrained ? '    quantize: { bits: [2, 3, 4, 8, 32], weights: [per-tensor, per-channel], mode: [static, weight-only] }' : trained}
`;

const trained = `    prune: { keep: [0.25, 0.5, 0.75, 1], importance: [l1, l2] }
    sparsify: { sparsity: [0, 0.5, 0.9] }
    quantize: { bits: [4, 8, 32] }`;

/** Makes a folder with the data and the space file in it. */
export async function writeToy(folder: string, options: ToyOptions): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await writeDrawnShapes(join(folder, 'data'), { train: 384, test: 64 });
  writeFileSync(join(folder, `${options.name}.yaml`), space(options));
}
