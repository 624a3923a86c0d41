/** Everything that `nas init` wants to know. */
export interface Answers {
  /** A model family, or the user's own network: a file that ends in `.onnx`. */
  readonly model: string;
  /** The name of published data, or a folder with pictures, recordings or idx files. */
  readonly data: string;
  /** Objectives besides accuracy. */
  readonly aim: readonly string[];
  /** A constraint as a space file has it, or `none`. */
  readonly bound: string;
  readonly techniques: readonly string[];
  readonly effort: string;
}

/** One thing that can be answered, with what it means. */
export interface Choice {
  readonly name: string;
  readonly summary: string;
}

export const modelChoices: readonly Choice[] = [
  { name: 'resnet', summary: 'residual blocks; the usual choice' },
  { name: 'mobilenet', summary: 'depthwise-separable blocks; smaller from the start' },
];

export const isOwnNetwork = (model: string): boolean => model.toLowerCase().endsWith('.onnx');

/** Published data, by name; of recordings, how many there are to train on before any are held out: few. */
const publishedData: Readonly<Record<string, { readonly recordings?: number }>> = {
  'fashion-mnist': {},
  // 2,760, a fifth of them for the end.
  'spoken-prompts': { recordings: 2208 },
};

export const publishedNames: readonly string[] = Object.keys(publishedData);

export const recordingsIn = (data: string): number | undefined => publishedData[data]?.recordings;

/** A folder of the user's. */
export const isOwnData = (data: string): boolean => !Object.hasOwn(publishedData, data);

export const aimChoices: readonly Choice[] = [
  { name: 'size', summary: 'bytes of the file' },
  { name: 'latency', summary: 'milliseconds an image on this machine' },
];

export const techniqueChoices: readonly Choice[] = [
  { name: 'prune', summary: 'remove whole channels: smaller and faster' },
  { name: 'quantize', summary: '8-bit integers: a quarter of the bytes' },
  { name: 'factor', summary: 'low rank: two thin layers instead of a thick one' },
  { name: 'sparsify', summary: 'single weights to 0: smaller, not faster' },
  { name: 'drop', summary: 'leave out whole residual branches' },
  { name: 'distil', summary: "learn from the dense network's answers" },
];

export const effortChoices: readonly Choice[] = [
  { name: 'quick', summary: 'minutes: a small network, a part of the data, 20 trials' },
  { name: 'usual', summary: 'an hour or less: 100 trials' },
  { name: 'thorough', summary: 'hours: 300 trials, trained longer' },
];

/** Nobody knows what a network can do on data of the user's own. */
export const usualBound = (data: string): string => (isOwnData(data) ? 'none' : usualAnswers.bound);

export const usualAnswers: Answers = {
  model: 'resnet',
  data: 'fashion-mnist',
  aim: ['size'],
  bound: 'accuracy >= 80 %',
  techniques: ['prune', 'quantize'],
  effort: 'usual',
};
