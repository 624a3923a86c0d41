import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { exitCodes, NasError } from '../../../core/errors.ts';
import { placesOf } from '../../data/places.ts';
import type { Device } from '../choice.ts';
import type { TensorFlow } from './kernel.ts';

/** TensorFlow.js for Node is no dependency of this package: it is looked for where the user may have put it. */
export const packageNames = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** Where `nas engine install tensorflow` puts it. */
export const tensorflowFolder = (): string => join(dirname(placesOf().cache), 'engines', 'tensorflow');

export interface TensorflowPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  /** The one for GPUs. */
  readonly gpu: boolean;
}

/** The first package that is there, whether it can be loaded or not. */
export function findTensorflow(places: readonly string[] = defaultPlaces()): TensorflowPackage | undefined {
  for (const place of places) {
    const require = createRequire(join(place, 'package.json'));
    for (const name of packageNames) {
      const manifest = manifestOf(require, name);
      if (!manifest) continue;
      const { version } = require(manifest) as { readonly version: string };
      return { name, version, folder: dirname(manifest), gpu: name.endsWith('-gpu') };
    }
  }
  return undefined;
}

/** The engine's own folder, the folder where the command runs, this package. */
const defaultPlaces = (): readonly string[] => [tensorflowFolder(), process.cwd(), import.meta.dirname];

function manifestOf(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(`${name}/package.json`);
  } catch {
    return undefined;
  }
}

/** What the native backend of TensorFlow.js tells of itself. */
interface NativeBackend {
  readonly isUsingGpuDevice?: boolean;
}

/**
 * Loads TensorFlow.js with its native backend.
 *
 * @throws NasError ENGINE_TENSORFLOW_MISSING where it is not installed, or only half; ENGINE_TENSORFLOW_DEVICE where
 * TensorFlow computes on another device than the one that was asked for.
 */
export async function loadTensorflow(device: Device, places?: readonly string[]): Promise<TensorFlow> {
  const found = findTensorflow(places);
  if (!found) throw missing('TensorFlow.js for Node is not installed');
  const tf = requireFrom(found);
  await tf.ready();
  const onGpu = (tf.backend() as NativeBackend).isUsingGpuDevice === true;
  if (onGpu !== (device === 'cuda')) throw otherDevice(device, onGpu);
  return tf;
}

/** The package is CommonJS. */
function requireFrom({ name, version, folder }: TensorflowPackage): TensorFlow {
  try {
    return createRequire(join(folder, 'package.json'))(folder) as TensorFlow;
  } catch (error) {
    const half = existsSync(folder) ? `${name} ${version} cannot be loaded (${firstLine(error)})` : `${name} is gone`;
    throw missing(half);
  }
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

const missing = (what: string) =>
  new NasError(
    'ENGINE_TENSORFLOW_MISSING',
    `${what}. Build it against the TensorFlow that pip has: nas engine install tensorflow`,
  );

const otherDevice = (device: Device, onGpu: boolean) => {
  const message = onGpu
    ? 'this TensorFlow computes on the GPU. Ask for --device cuda, or hide the GPU from it with CUDA_VISIBLE_DEVICES=-1'
    : 'this TensorFlow finds no GPU';
  return new NasError('ENGINE_TENSORFLOW_DEVICE', `${message}.`, { facts: { device }, exitCode: exitCodes.failure });
};
