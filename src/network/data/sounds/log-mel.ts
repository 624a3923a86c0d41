import FFT from 'fft.js';

/**
 * How a sound becomes an image: the log-mel spectrogram that speech and sound classifiers see. Runs in a browser too.
 *
 * Every `hop` samples a periodic Hann window of `window` samples, its power spectrum, triangles that stand evenly on the mel scale
 * (HTK: 2595 · log10(1 + f / 700)) from 0 to rate / 2, and 10 · log10(4 · power / window²), so that 0 dB is about as loud as a
 * file can be. Without the logarithm it is torchaudio's `MelSpectrogram(rate, n_fft=window, hop_length=hop, n_mels=mels, center=False)`.
 */
export interface LogMel {
  /** Samples a second; sounds of other rates are resampled. */
  readonly rate: number;
  /** The middle of longer sounds is taken; shorter ones have silence on both sides. */
  readonly seconds: number;
  /** In samples; a power of 2. */
  readonly window: number;
  readonly hop: number;
  readonly mels: number;
  /** So far below 0 dB a pixel is 0; at 0 dB it is 255. */
  readonly decibels: number;
}

export const samplesOf = ({ rate, seconds }: LogMel): number => Math.round(rate * seconds);

/** How many windows fit into a sound: the width of its image. */
export const framesOf = (spec: LogMel): number => 1 + Math.floor((samplesOf(spec) - spec.window) / spec.hop);

/** A triangle over the bins of a spectrum. */
export interface Band {
  readonly first: number;
  readonly weights: Float64Array;
}

/** Powers below are silence: -120 dB. */
const leastPower = 1e-12;

/** Samples, −1 … 1, `samplesOf` many → [mels, frames], the lowest band first, 0 … 255. */
export function createLogMel(spec: LogMel): (samples: Float32Array) => Uint8Array {
  const { window: size, hop, mels, decibels } = spec;
  const frames = framesOf(spec);
  const fft = new FFT(size);
  const hann = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
  const bands = melBands(spec);
  const framed = new Float64Array(size);
  const spectrum: number[] = fft.createComplexArray();
  const power = new Float64Array(size / 2 + 1);
  const levelOf = (energy: number) => 1 + (10 * Math.log10(Math.max(leastPower, (4 * energy) / size ** 2))) / decibels;
  return (samples) => {
    const image = new Uint8Array(mels * frames);
    for (let frame = 0; frame < frames; frame++) {
      for (let i = 0; i < size; i++) framed[i] = samples[frame * hop + i]! * hann[i]!;
      fft.realTransform(spectrum, framed);
      for (let bin = 0; bin < power.length; bin++) power[bin] = spectrum[2 * bin]! ** 2 + spectrum[2 * bin + 1]! ** 2;
      bands.forEach(({ first, weights }, band) => {
        const energy = weights.reduce((sum, weight, i) => sum + weight * power[first + i]!, 0);
        image[band * frames + frame] = Math.round(255 * Math.min(1, Math.max(0, levelOf(energy))));
      });
    }
    return image;
  };
}

/** Of every band the bins between its neighbours' peaks; none where the bands stand closer than the bins. */
export function melBands({ rate, window, mels }: Pick<LogMel, 'rate' | 'window' | 'mels'>): Band[] {
  const top = melOf(rate / 2);
  const peaks = Array.from({ length: mels + 2 }, (_, i) => hertzOf((top * i) / (mels + 1)));
  const bins = Array.from({ length: window / 2 + 1 }, (_, bin) => (bin * rate) / window);
  return Array.from({ length: mels }, (_, band) => {
    const [low, peak, high] = [peaks[band]!, peaks[band + 1]!, peaks[band + 2]!];
    const weightOf = (hertz: number) => Math.min((hertz - low) / (peak - low), (high - hertz) / (high - peak));
    const inside = bins.map((hertz, bin) => ({ bin, weight: weightOf(hertz) })).filter(({ weight }) => weight > 0);
    return { first: inside[0]?.bin ?? 0, weights: Float64Array.from(inside, ({ weight }) => weight) };
  });
}

const melOf = (hertz: number) => 2595 * Math.log10(1 + hertz / 700);
const hertzOf = (mel: number) => 700 * (10 ** (mel / 2595) - 1);

/** The middle `count` samples; silence where there are none. */
export function middleOf(samples: Float32Array, count: number): Float32Array {
  const middle = new Float32Array(count);
  const before = Math.floor((samples.length - count) / 2);
  if (before >= 0) middle.set(samples.subarray(before, before + count));
  else middle.set(samples, -before);
  return middle;
}

/** Channels [C][T] → their mean. */
export function monoOf(channels: readonly Float32Array[]): Float32Array {
  if (channels.length === 1) return channels[0]!;
  return Float32Array.from(channels[0]!, (_, i) => channels.reduce((sum, channel) => sum + channel[i]!, 0) / channels.length);
}
