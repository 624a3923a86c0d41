import { findImages } from '../../network/data/images/layout.ts';
import { countTrainingImages, hasAnyMnistFile } from '../../network/data/mnist-files.ts';
import { importNetwork } from '../../network/models/import/import.ts';
import { readNetworkFile } from '../../network/models/import/read.ts';
import { isOwnNetwork } from './answers.ts';

/** What is in a folder of the user's. */
export interface OwnData {
  readonly name: 'idx' | 'images';
  /** To train on, before any are held out. */
  readonly count: number;
  /** Of pictures: that those to look at while searching are in a folder of their own. */
  readonly hasValidation?: boolean;
  /** Of pictures, as the user's own network takes them. */
  readonly size?: readonly [height: number, width: number];
  readonly colour?: 'rgb' | 'grey';
}

/** Throws NasError DATA_MISSING, DATA_CORRUPT, and of the network NETWORK_FILE, ONNX_…, IMPORT_…. */
export async function lookAtData(folder: string, model: string): Promise<OwnData> {
  if (hasAnyMnistFile(folder)) return { name: 'idx', count: await countTrainingImages(folder) };
  const { train, test, validation } = await findImages(folder);
  const count = test ? train.length : Math.floor((train.length * 4) / 5);
  return { name: 'images', count, hasValidation: validation !== undefined, ...(isOwnNetwork(model) ? inputOf(model) : {}) };
}

function inputOf(model: string): Pick<OwnData, 'size' | 'colour'> {
  const [, channels, height, width] = importNetwork(readNetworkFile(model)).inputs[0]!.type.shape as [
    number,
    number,
    number,
    number,
  ];
  return { size: [height, width], colour: channels === 1 ? 'grey' : 'rgb' };
}
