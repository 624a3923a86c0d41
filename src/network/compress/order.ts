import { defineTechnique, type Knobs, networkSite, type Stage, stages } from './technique.ts';

const usual = 'usual';

/** What changes places before training. What happens while training or after it (schedules, calibration) follows as ever. */
const orders = {
  [usual]: stages,
  'prune-factor': ['train', 'architecture', 'prune', 'factor', 'sparsify', 'quantize'],
  'quantize-prune': ['train', 'architecture', 'factor', 'quantize', 'prune', 'sparsify'],
} as const satisfies Readonly<Record<string, readonly Stage[]>>;

const knobs = {
  first: {
    kind: 'choice',
    values: Object.keys(orders) as (keyof typeof orders)[],
    default: usual,
    off: usual,
    summary:
      'usual: layers are factored, then channels pruned, then weights made sparse, all of it judged by the weights as trained. prune-factor: channels go first, and thinner layers are factored. quantize-prune: weights are rounded to what their integers can say before channels and weights are judged, and training begins from there.',
  },
} as const satisfies Knobs;

/** The order of what is done to the trained dense network, as a knob for the network as a whole. */
export const order = defineTechnique({
  name: 'order',
  summary: 'Let other techniques than usual have their turn first.',
  stage: 'train',
  knobs,
  sites: () => [networkSite],
  order: (settings) => orders[settings[networkSite.name]!.first],
});
