import type { Json } from '../../src/core/json.ts';

/** A network that claims are tested on: sections of a space file. */
export interface Network {
  readonly what: string;
  readonly data: Json;
  readonly model: Json;
  /** How the dense network is trained. */
  readonly baseline: Recipe;
  /** How a compressed one is trained after that, where a row says nothing else. */
  readonly trial: Recipe;
  /** How many dense networks there are: of several seeds, later ones begin again with the first. */
  readonly baselines: number;
}

type Recipe = {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly augment?: { readonly crop: readonly [number, number] };
};

const small = { family: 'resnet', depth: 8, widths: [16, 32, 64], stemStride: 2 } as const;
const common = { batchSize: 64, weightDecay: 0.0005 } as const;
/** Few recordings: smaller steps, many rounds, and sounds shifted in time. */
const heard = { batchSize: 32, weightDecay: 0.0005, augment: { crop: [0, 4] } } as const;

/** 5,000 training images are held out; what the tables show are the 10,000 test images. */
const images = { name: 'fashion-mnist', validation: 5000 } as const;
/** 400 recordings are held out of 2,208; what the tables show are the other 552. */
const speech = { name: 'spoken-prompts', validation: 400 } as const;

export const networks = {
  resnet: {
    what: 'ResNet-8, widths 16, 32, 64 (that of resnet.yaml)',
    data: images,
    model: small,
    baseline: { ...common, epochs: 4, learningRate: 0.1 },
    trial: { ...common, epochs: 1, learningRate: 0.05 },
    baselines: 3,
  },
  wide: {
    what: 'ResNet-8, widths 64, 128, 256',
    data: images,
    model: { family: 'resnet', depth: 8, widths: [64, 128, 256], stemStride: 2 },
    baseline: { ...common, epochs: 3, learningRate: 0.1 },
    trial: { ...common, epochs: 0.5, learningRate: 0.05 },
    baselines: 1,
  },
  mlp: {
    what: 'perceptron 784, 512, 256, 10',
    data: images,
    model: { family: 'mlp', widths: [512, 256] },
    baseline: { ...common, epochs: 6, learningRate: 0.05 },
    trial: { ...common, epochs: 2, learningRate: 0.02 },
    baselines: 3,
  },
  speech: {
    what: 'ResNet-8, widths 16, 32, 64, on spoken prompts (that of speech.yaml)',
    data: speech,
    model: small,
    baseline: { ...heard, epochs: 20, learningRate: 0.1 },
    trial: { ...heard, epochs: 5, learningRate: 0.05 },
    baselines: 3,
  },
} as const satisfies Record<string, Network>;

export type NetworkName = keyof typeof networks;

export const networkNames = Object.keys(networks) as NetworkName[];
