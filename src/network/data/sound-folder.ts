import { resolve } from 'node:path';
import { NasError } from '../../core/errors.ts';
import { loadExamples, type View } from './class-folder/class-folder.ts';
import { type FileKind, findExamples } from './class-folder/layout.ts';
import type { DataOptions, DatasetDefinition, SpecialOption } from './definition.ts';
import { namedFolder } from './folder.ts';
import { framesOf, type LogMel, melBands } from './sounds/log-mel.ts';
import { soundEndings, soundReader } from './sounds/read.ts';

/** Quieter is silence. */
const decibels = 90;
/** A window is at least so many times as long as the hop: neighbours overlap. */
const leastOverlap = 1.5;

export const soundFiles: FileKind = {
  what: 'recordings',
  readable: new Set(soundEndings),
  unreadable: new Set(['.aac', '.m4a', '.mp4', '.wma', '.amr', '.caf', '.au', '.webm', '.sph']),
  example: ['yes', 'no'],
};

/** What of a space file says how sounds are seen. */
export const soundOptions = ['seconds', 'rate', 'mels', 'hop'] as const satisfies readonly SpecialOption[];

type SoundOptions = Pick<DataOptions, (typeof soundOptions)[number]>;

/** A user's own recordings: a folder for every class. */
export const soundFolder: DatasetDefinition = {
  name: 'sounds',
  summary:
    'your own recordings (WAV, FLAC, MP3, Ogg, Opus, AIFF), seen as log-mel spectrograms: data.folder as for `images`, such as Speech Commands',
  needsFolder: true,
  options: soundOptions,
  async load(options, hooks, places) {
    const folder = namedFolder(options, 'your recordings');
    const view = soundView(options);
    const found = await findExamples(folder, soundFiles);
    return loadExamples({ name: 'sounds', place: resolve(folder) }, found, view, options, hooks, places);
  },
};

/** Throws NasError DATA_SOUND where the options leave nothing to see. */
export function soundView({ rate = 16_000, seconds = 1, mels = 40, hop = 20 }: SoundOptions): View {
  const step = Math.max(1, Math.round((rate * hop) / 1000));
  const window = 2 ** Math.ceil(Math.log2(leastOverlap * step));
  const sound: LogMel = { rate, seconds, window, hop: step, mels, decibels };
  checkSound(sound);
  return {
    shape: [1, mels, framesOf(sound)],
    preparation: { sound },
    what: 'sounds',
    files: soundFiles.what,
    smaller: 'Set fewer data.seconds or data.mels',
    reader: () => soundReader(sound),
  };
}

function checkSound(sound: LogMel): void {
  const { rate, seconds, window, mels } = sound;
  const inSeconds = (samples: number) => Number((samples / rate).toPrecision(3));
  if (framesOf(sound) < 1) {
    const message = `data.seconds: ${seconds} s are shorter than one window of the spectrogram, ${inSeconds(window)} s. Take more seconds or a smaller data.hop.`;
    throw new NasError('DATA_SOUND', message, { facts: { where: 'data.seconds', seconds, window } });
  }
  if (melBands(sound).some(({ weights }) => weights.length === 0)) {
    const message = `data.mels: ${mels} bands stand closer than what a window of ${inSeconds(window)} s tells apart. Take fewer bands or a larger data.hop.`;
    throw new NasError('DATA_SOUND', message, { facts: { where: 'data.mels', mels, window } });
  }
}
