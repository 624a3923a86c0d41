import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { extname } from 'node:path';
import { didYouMean, NasError } from '../../core/errors.ts';
import { findExamples } from '../../network/data/class-folder/layout.ts';
import { pictureFiles } from '../../network/data/image-folder.ts';
import { countTrainingImages, hasAnyMnistFile } from '../../network/data/mnist-files.ts';
import { soundFiles } from '../../network/data/sound-folder.ts';
import { importNetwork } from '../../network/models/import/import.ts';
import { readNetworkFile } from '../../network/models/import/read.ts';
import { isOwnData, isOwnNetwork, publishedNames, recordingsIn } from './answers.ts';

/** What is in a folder of the user's, or in published data that are not the usual ones. */
export interface DataFacts {
  readonly name: 'idx' | 'images' | 'sounds';
  /** To train on, before any are held out. */
  readonly count: number;
  /** Names of the folders, where they are known. */
  readonly classes?: readonly string[];
  /** That those to look at while searching are in a folder of their own. */
  readonly hasValidation?: boolean;
  /** Of pictures, as the user's own network takes them. */
  readonly size?: readonly [height: number, width: number];
  readonly colour?: 'rgb' | 'grey';
}

/** Undefined of the usual data. Throws NasError DATA_MISSING, DATA_CORRUPT, and of the network NETWORK_FILE, ONNX_…, IMPORT_…. */
export async function lookAtData(data: string, model: string): Promise<DataFacts | undefined> {
  const recordings = recordingsIn(data);
  if (recordings !== undefined) return { name: 'sounds', count: recordings };
  return isOwnData(data) ? lookAtFolder(data, model) : undefined;
}

async function lookAtFolder(folder: string, model: string): Promise<DataFacts> {
  if (existsSync(folder) && !statSync(folder).isDirectory())
    throw new NasError('DATA_MISSING', `${folder} is a file: name the folder that the data are in.`, { facts: { folder } });
  if (!existsSync(folder)) {
    const message = `there is no data folder "${folder}", and no published data of that name.${didYouMean(folder, publishedNames)}`;
    throw new NasError('DATA_MISSING', message, { facts: { folder } });
  }
  if (hasAnyMnistFile(folder)) return { name: 'idx', count: await countTrainingImages(folder) };
  const name = (await holdsSounds(folder)) ? 'sounds' : 'images';
  const { classes, train, test, validation } = await findExamples(folder, name === 'sounds' ? soundFiles : pictureFiles);
  const count = test ? train.length : Math.floor((train.length * 4) / 5);
  const input = name === 'images' && isOwnNetwork(model) ? inputOf(model) : {};
  return { name, count, classes, hasValidation: validation !== undefined, ...input };
}

/** Whether the first file of a known kind is a recording; a folder without any is one for pictures. */
async function holdsSounds(folder: string): Promise<boolean> {
  if (!existsSync(folder)) return false;
  const endings = (await readdir(folder, { recursive: true })).map((name) => extname(name).toLowerCase());
  const first = endings.find((ending) => [pictureFiles, soundFiles].some(({ readable }) => readable.has(ending)));
  return first !== undefined && soundFiles.readable.has(first);
}

function inputOf(model: string): Pick<DataFacts, 'size' | 'colour'> {
  const [, channels, height, width] = importNetwork(readNetworkFile(model)).inputs[0]!.type.shape as [
    number,
    number,
    number,
    number,
  ];
  return { size: [height, width], colour: channels === 1 ? 'grey' : 'rgb' };
}
