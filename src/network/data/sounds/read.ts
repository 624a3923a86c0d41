import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { NasError } from '../../../core/errors.ts';
import type { ExampleFile } from '../class-folder/layout.ts';
import { corrupt } from '../idx.ts';
import { createLogMel, type LogMel, middleOf, monoOf, samplesOf } from './log-mel.ts';

interface Sound {
  /** [C][T], −1 … 1. */
  readonly channelData: readonly Float32Array[];
  readonly sampleRate: number;
}

type Decode = (bytes: Uint8Array) => Sound | Promise<Sound>;

/** Loaded when the first file of its kind is read: most are WebAssembly. */
const decoders: Readonly<Record<string, () => Promise<{ readonly default: Decode }>>> = {
  wav: () => import('@audio/decode-wav'),
  flac: () => import('@audio/decode-flac'),
  mp3: () => import('@audio/decode-mp3'),
  vorbis: () => import('@audio/decode-vorbis'),
  opus: () => import('@audio/decode-opus'),
  aiff: () => import('@audio/decode-aiff'),
};

/** By a file's ending; an `.ogg` file says inside what it is. */
const formats: Readonly<Record<string, string>> = {
  '.wav': 'wav',
  '.wave': 'wav',
  '.flac': 'flac',
  '.mp3': 'mp3',
  '.ogg': 'vorbis',
  '.oga': 'vorbis',
  '.opus': 'opus',
  '.aif': 'aiff',
  '.aiff': 'aiff',
};

export const soundEndings: readonly string[] = Object.keys(formats);

/** Where the first packet of an Ogg stream says that it is Opus (RFC 7845). */
const opusMark = { text: 'OpusHead', within: 64 };

/** libsamplerate takes so many samples in one piece, without a state from the sound before. */
const mostSamples = 2 ** 20;

/**
 * Opens what reads sound files as images, [1, mels, frames]: channels mixed, the middle taken, resampled (libsamplerate), seen as
 * `spec` says. The reader throws NasError DATA_CORRUPT.
 */
export async function soundReader(spec: LogMel): Promise<(file: ExampleFile) => Promise<Uint8Array>> {
  const look = createLogMel(spec);
  const resample = resampler(spec);
  return async (file) => {
    const { channelData, sampleRate } = await decodedSound(file);
    const wanted = Math.round(sampleRate * spec.seconds);
    if (wanted > mostSamples)
      throw corrupt(file.path, `has ${sampleRate} samples a second: too many for ${spec.seconds} s at once`);
    const middle = middleOf(monoOf(channelData), wanted);
    return look(middleOf(await resample(middle, sampleRate), samplesOf(spec)));
  };
}

async function decodedSound({ path, bytes: known }: ExampleFile): Promise<Sound> {
  try {
    const bytes = known ?? (await readFile(path));
    const { default: decode } = await decoders[formatOf(path, bytes)]!();
    const sound = await decode(bytes);
    if (sound.sampleRate > 0 && (sound.channelData[0]?.length ?? 0) > 0) return sound;
  } catch (error) {
    throw corrupt(path, `cannot be read as a sound (${error instanceof Error ? error.message : String(error)})`, error);
  }
  throw corrupt(path, 'holds no sound');
}

function formatOf(path: string, bytes: Uint8Array): string {
  const format = formats[extname(path).toLowerCase()]!;
  return format === 'vorbis' && Buffer.from(bytes.subarray(0, opusMark.within)).includes(opusMark.text) ? 'opus' : format;
}

/** One converter for every rate that occurs. */
function resampler({ rate }: LogMel) {
  const converters = new Map<number, ReturnType<typeof openConverter>>();
  return async (samples: Float32Array, from: number): Promise<Float32Array> => {
    if (from === rate) return samples;
    const known = converters.get(from) ?? openConverter(from, rate);
    converters.set(from, known);
    return (await known).simple(samples);
  };
}

async function openConverter(from: number, to: number) {
  // CommonJS.
  const { default: library } = await import('@alexanderolsen/libsamplerate-js');
  try {
    return await library.create(1, from, to, { converterType: library.ConverterType.SRC_SINC_MEDIUM_QUALITY });
  } catch (error) {
    throw new NasError('DATA_READER', `sounds of ${from} Hz cannot be resampled to ${to} Hz: ${String(error)}.`, {
      cause: error,
    });
  }
}
