import { framesOf, type LogMel, samplesOf } from '../network/data/sounds/log-mel.ts';
import type { ModelInput } from './formats/format.ts';

/** How a program makes the input of a model for sounds, in words. */
export function soundWords(sound: LogMel): string {
  const { rate, seconds, window, hop, mels, decibels } = sound;
  return `A sound is mixed to one channel, resampled to ${rate} Hz, and its middle ${seconds} s taken, with silence around shorter ones. Every ${hop} samples a Hann window of ${window}, its power spectrum, ${mels} triangles on the mel scale (HTK) from 0 to ${rate / 2} Hz, in decibels of the loudest that a file can hold: pixel 0 is −${decibels} dB and less, 255 is 0 dB. Rows are bands, the lowest first; the ${framesOf(sound)} columns are windows.`;
}

/** The same in Python, with numpy alone: `look` takes samples and gives the input. */
export function soundPython(sound: LogMel, { mean, std }: ModelInput): string {
  const { rate, window, hop, mels, decibels } = sound;
  return `import numpy, onnxruntime

def look(samples):
    """${samplesOf(sound)} samples, -1 to 1, ${rate} a second: the input, [1, 1, ${mels}, ${framesOf(sound)}]"""
    starts = ${hop} * numpy.arange(${framesOf(sound)})
    windows = samples[starts[:, None] + numpy.arange(${window})] * numpy.hanning(${window + 1})[:-1]
    power = numpy.abs(numpy.fft.rfft(windows)) ** 2
    mel = numpy.linspace(0, 2595 * numpy.log10(1 + ${rate / 2} / 700), ${mels + 2})
    peaks = 700 * (10 ** (mel / 2595) - 1)
    bins = numpy.fft.rfftfreq(${window}, 1 / ${rate})
    rising = (bins - peaks[:-2, None]) / numpy.diff(peaks)[:-1, None]
    falling = (peaks[2:, None] - bins) / numpy.diff(peaks)[1:, None]
    bands = numpy.maximum(0, numpy.minimum(rising, falling))
    decibels = 10 * numpy.log10(numpy.maximum(1e-12, 4 * bands @ power.T / ${window} ** 2))
    pixels = numpy.round(255 * numpy.clip(1 + decibels / ${decibels}, 0, 1))
    return ((pixels / 255 - ${mean[0]}) / ${std[0]}).astype(numpy.float32)[None, None]`;
}
