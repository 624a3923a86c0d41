import { shellWord } from '../shell.ts';
import { type Answers, isOwnData, isOwnNetwork } from './answers.ts';
import type { DataFacts } from './own-data.ts';

/**
 * A space file, explained line by line, that `nas search` takes. `file`: where it will lie; `name`: of the study; `own`: what is in
 * the data, where that is not the usual one.
 */
export function spaceText(file: string, name: string, answers: Answers, own?: DataFacts): string {
  const { model, data, bound, aim, techniques, effort } = answers;
  const { trials, limit, network, ...training } = efforts[effort]!;
  const { epochs, fineTune, batch } = trainingOn(own?.count, { ...training, limit });
  const more = `${batch}${own?.name === 'sounds' ? shifts : ''}`;
  const validation = own?.hasValidation ? undefined : heldOut(limit === undefined ? 5000 : 2000, own?.count);
  const most = own && limit !== undefined && own.count <= limit ? undefined : limit;
  const seen = validation === undefined ? 'images in the folder for it' : `${validation.toLocaleString('en-US')} held-out images`;
  return `# ${name}: what may be done to a network, written by nas init. Search it with:
#
#   nas search --space ${shellWord(file)}
#
# nas guide your-space explains more; nas schema > schema.json and the next line give completion in your editor.
# yaml-language-server: $schema=schema.json

# Name of the study; a second search of the same name goes on where the first one stopped.
name: ${named(name)}

${isOwnNetwork(model) ? ownNetwork(model, own) : `# The network to compress. widths: channels of its stages.\nmodel: ${network[model]!}`}

# What it is trained on. The search sees accuracies on the ${seen} only; the test images are for the end.
data: ${dataOf(data, own, { validation, limit: most })}

${isOwnNetwork(model) ? furtherTraining : baselineOf(epochs, more)}

# How every candidate is trained after it was compressed. A list makes a setting part of the search: [0.02, 0.05].
trial:
  epochs: ${fineTune} # parts of an epoch count too
  learningRate: 0.02${more}

# What is searched for: the best compromises between these.
objectives:
  accuracy: maximize
${aim.map((metric) => objectives[metric]!).join('\n')}

# What no model may miss. Units: B kB MB, us ms s, %, k M.
${constraintsOf(bound)}

# What may be done to which layer; a later rule overrides an earlier one. match: a name or a pattern such as "stage1.*".
layers:
${everyLayer(techniques)}${techniques.includes('distil') ? networkRule : '  # - match: network\n  #   distil: { weight: [0, 0.5, 0.9] } # learn from the dense network'}
  # A layer that nobody may touch:
  # - match: dense
  #   quantize: off

# Defaults for the options of nas search.
search:
  trials: ${trials}
  seed: 1
`;
}

/** What YAML would take for a number or a word of its own stands in quotes. */
const named = (name: string): string =>
  /^[A-Za-z][\w.-]*$/.test(name) && !/^(?:true|false|null|yes|no|on|off)$/i.test(name) ? name : JSON.stringify(name);

const shifts = '\n  augment: { crop: [0, 4] } # shifts sounds by up to 4 columns in time';

/** `more`: further lines. */
const baselineOf = (
  epochs: number,
  more: string,
) => `# How the uncompressed network is trained: once, then it is kept for later searches.
baseline:
  epochs: ${epochs}
  learningRate: 0.1 # the highest one; it falls along a cosine${more}`;

/** That the efforts are made for. */
const usualImages = 50_000;
const mostRounds = 10;

/** Few images are gone over more often, and in smaller steps, so that a network takes as many steps as on many. `batch`: a line more. */
function trainingOn(
  count: number | undefined,
  { epochs, fineTune, limit = usualImages }: Pick<Effort, 'epochs' | 'fineTune' | 'limit'>,
) {
  const rounds = count === undefined ? 1 : Math.min(mostRounds, Math.max(1, limit / count));
  const size = count === undefined || count >= 2000 ? undefined : count >= 100 ? 32 : 8;
  return {
    epochs: Math.round(epochs * rounds),
    fineTune: Number((fineTune * rounds).toPrecision(2)),
    batch: size === undefined ? '' : `\n  batchSize: ${size} # images a step`,
  };
}

/** What a network was prepared for stands nowhere in its file, and a wrong guess costs accuracy. */
function ownNetwork(model: string, own: DataFacts | undefined): string {
  const file = JSON.stringify(model);
  const [mean, std] = own?.name === 'images' && own.colour !== 'grey' ? imageNet : ['[0]', '[1]'];
  return `# The network to compress: your own, its path from the folder of this file on.
model: { file: ${file} }
# Its input is (pixel / 255 - mean) / std, by the data's own mean and deviation. Where it was trained otherwise, say so; one that
# prepares its input by itself takes mean 0 and std 1:
# model: { file: ${file}, normalize: { mean: ${mean}, std: ${std} } }`;
}

const imageNet = ['[0.485, 0.456, 0.406]', '[0.229, 0.224, 0.225]'] as const;

const furtherTraining = `# Your network is measured as it is. To train it further on this data first:
# baseline: { epochs: 1, learningRate: 0.01 }`;

interface Effort {
  readonly trials: number;
  /** Of the baseline, and of a candidate. */
  readonly epochs: number;
  readonly fineTune: number;
  /** Images to train on; all where left out. */
  readonly limit?: number | undefined;
  /** By the model's family. */
  readonly network: Readonly<Record<string, string>>;
}

const networks = {
  resnet: '{ family: resnet, depth: 8, widths: [16, 32, 64], stemStride: 2 } # depth: 8, 14, 20 … layers',
  mobilenet: '{ family: mobilenet, stem: 16, stemStride: 2, widths: [32, 32, 64, 64] }',
};

export const efforts: Readonly<Record<string, Effort>> = {
  quick: {
    trials: 20,
    epochs: 3,
    fineTune: 0.5,
    limit: 10_000,
    network: {
      resnet: '{ family: resnet, depth: 6, widths: [8, 16], stemStride: 2 }',
      mobilenet: '{ family: mobilenet, stem: 8, stemStride: 2, widths: [16, 16, 32] }',
    },
  },
  usual: { trials: 100, epochs: 4, fineTune: 0.4, network: networks },
  thorough: { trials: 300, epochs: 12, fineTune: 2, network: networks },
};

const objectives: Readonly<Record<string, string>> = {
  size: '  size: minimize # bytes of the exported file',
  latency: '  latencyMs: minimize # measured on this machine, one image, one thread',
};

const layerRules: Readonly<Record<string, string>> = {
  prune: '    prune: { keep: [0.25, 0.5, 0.75, 1] } # the fraction of the channels that stays',
  quantize: '    quantize: { bits: [8, 32] } # 8-bit integers, or 32-bit floats as they are',
  factor: '    factor: { keep: [0.25, 0.5, 1] } # the fraction of the rank that stays',
  sparsify: '    sparsify: { sparsity: [0, 0.5, 0.75, 0.9] } # the fraction of the weights that are set to 0',
  drop: '    drop: { use: [true, false] } # leave the whole branch out',
};

function everyLayer(techniques: readonly string[]): string {
  const rules = techniques.flatMap((technique) => layerRules[technique] ?? []);
  return rules.length === 0 ? '' : `  - match: "*"\n${rules.join('\n')}\n`;
}

const networkRule = `  - match: network
    distil: { weight: [0, 0.5, 0.9], temperature: [2, 4] } # learn from the dense network's answers`;

const constraintsOf = (bound: string): string =>
  bound === 'none' ? '# constraints: [accuracy >= 80 %, size <= 50kB]' : `constraints:\n  - ${bound}`;

/** As many as usual, but of few images at most a sixth, as a number of two digits and zeros. */
function heldOut(usual: number, images = Number.POSITIVE_INFINITY): number {
  if (images >= 6 * usual) return usual;
  const sixth = Math.max(1, Math.floor(images / 6));
  const step = 10 ** Math.max(0, String(sixth).length - 2);
  return Math.floor(sixth / step) * step;
}

function dataOf(data: string, own: DataFacts | undefined, counts: Readonly<Record<string, number | undefined>>): string {
  if (!isOwnData(data)) return flow({ name: data, ...counts });
  const folder = JSON.stringify(data);
  if (own?.name === 'sounds') {
    const seen = flow({ name: 'sounds', folder, seconds: 1, ...counts });
    return `${seen} # a folder for every class; seconds: so much of every recording is looked at, its middle`;
  }
  if (own?.name !== 'images') return `${flow({ name: 'idx', folder, ...counts })} # idx files under MNIST's names`;
  const [height, width] = own.size ?? [64, 64];
  const size = height === width ? height : `[${height}, ${width}]`;
  const colour = own.colour === 'grey' ? 'grey' : undefined;
  return `${flow({ name: 'images', folder, size, colour, ...counts })} # a folder for every class; size: pixels that the network sees`;
}

/** On one line, without what is undefined. */
const flow = (fields: Readonly<Record<string, string | number | undefined>>): string =>
  `{ ${Object.entries(fields)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]))
    .join(', ')} }`;
