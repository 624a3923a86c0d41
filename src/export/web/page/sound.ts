import { createLogMel, type LogMel, middleOf, monoOf, samplesOf } from '../../../network/data/sounds/log-mel.ts';
import type { WebFacts } from '../facts.ts';
import { find, type Source } from './page.ts';

/** A recording starts late and ends late: what lies around the wanted part. */
const marginMs = 300;

/** What was recorded, chosen or dropped; silence at first. */
export function soundSource({ input }: WebFacts, sound: LogMel, changed: () => void, failed: (why: string) => void): Source {
  const look = createLogMel(sound);
  const [record, play] = ['record', 'play'].map(find) as [HTMLButtonElement, HTMLButtonElement];
  let samples = new Float32Array(samplesOf(sound));
  const take = async (file: Blob) => {
    samples = new Float32Array(middleOf(await samplesIn(file, sound), samplesOf(sound)));
    play.disabled = false;
  };
  play.addEventListener('click', () => playSamples(samples, sound));
  record.addEventListener('click', () => {
    record.disabled = true;
    recorded(sound)
      .then(take)
      .then(changed, (error: unknown) => failed(error instanceof Error ? error.message : String(error)))
      .finally(() => {
        record.disabled = false;
      });
  });
  return {
    what: 'sound',
    take,
    input() {
      const image = look(samples);
      paint(image, input.shape);
      return Float32Array.from(image, (pixel) => (pixel / 255 - input.mean[0]!) / input.std[0]!);
    },
  };
}

/** Decoded, resampled and mixed. */
async function samplesIn(file: Blob, { rate }: LogMel): Promise<Float32Array> {
  const buffer = await new OfflineAudioContext(1, 1, rate).decodeAudioData(await file.arrayBuffer());
  return monoOf(Array.from({ length: buffer.numberOfChannels }, (_, channel) => buffer.getChannelData(channel)));
}

/** From the microphone, as long as the network listens. */
async function recorded({ seconds }: LogMel): Promise<Blob> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  try {
    const recorder = new MediaRecorder(stream);
    const parts: Blob[] = [];
    recorder.addEventListener('dataavailable', ({ data }) => parts.push(data));
    const ended = new Promise((done) => recorder.addEventListener('stop', done));
    recorder.start();
    setTimeout(() => recorder.stop(), 1000 * seconds + marginMs);
    await ended;
    return new Blob(parts);
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

function playSamples(samples: Float32Array<ArrayBuffer>, { rate }: LogMel): void {
  const context = new AudioContext();
  const buffer = context.createBuffer(1, samples.length, rate);
  buffer.copyToChannel(samples, 0);
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(context.destination);
  source.addEventListener('ended', () => void context.close());
  source.start();
}

/** The lowest band at the bottom, as people draw it. */
function paint(image: Uint8Array, [, height, width]: WebFacts['input']['shape']): void {
  const seen = find('seen') as HTMLCanvasElement;
  const context = seen.getContext('2d')!;
  const pixels = context.createImageData(width, height);
  image.forEach((pixel, i) => {
    const row = height - 1 - Math.floor(i / width);
    pixels.data.set([pixel, pixel, pixel, 255], 4 * (row * width + (i % width)));
  });
  context.putImageData(pixels, 0, 0);
}
