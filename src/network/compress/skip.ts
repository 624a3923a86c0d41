import { createRng } from '../../core/rng.ts';
import { Builder } from '../ir/builder.ts';
import type { Graph, Node, Tensor } from '../ir/graph.ts';
import { lazy } from '../ir/passes/lazy.ts';
import { rebuild } from '../ir/rebuild.ts';
import { type ResidualBranch, residualBranches } from './residual.ts';
import { type BySite, defineTechnique, type Knobs, type SettingsOf } from './technique.ts';

const knobs = {
  rate: {
    kind: 'number',
    min: 0,
    max: 1,
    default: 1,
    off: 1,
    summary: 'Share of the images that are to run the branch; training pulls towards it.',
  },
  penalty: {
    kind: 'number',
    min: 0,
    max: 100,
    default: 2,
    summary: 'Factor of the squared distance from that share in the loss.',
  },
} as const satisfies Knobs;

type Settings = SettingsOf<typeof knobs>;

/**
 * Gated residual branches (Wang et al. 2018, SkipNet; Veit and Belongie 2018, Convolutional Networks with Adaptive Inference
 * Graphs, whose target rate this is): a linear gate over the means of the branch's input decides per image whether it runs.
 * In training the branch is multiplied by the decision, 0 or 1, and the gradient passes it as if it were the sigmoid
 * before it (straight through). The file runs the branch or does not; in a batch, where any of its images asks for it.
 */
export const skip = defineTechnique({
  name: 'skip',
  summary: 'Let a learned gate decide per image whether a residual branch runs.',
  stage: 'architecture',
  knobs,
  sites: (graph) => skippable(graph).map(({ layers }) => ({ name: layers[0]!, layers })),
  rewrite: (graph, settings) =>
    skippable(graph).reduce((current, branch) => (settings[branch.layers[0]!] ? gated(current, branch) : current), graph),

  untrained: (graph, settings) => sitesIn(graph, settings).flatMap((site) => Object.values(parametersOf(site))),

  objective: (graph, settings, { b, loss }) =>
    sitesIn(graph, settings).reduce((sum, site) => {
      const { rate, penalty } = settings[site]!;
      const { open } = names(site);
      const mean = b.op('ReduceMean', [open], { axes: [0, 1, 2, 3], keepdims: 0 });
      const distance = b.op('Sub', [mean, b.scalar(rate)]);
      return b.op('Add', [sum, b.op('Mul', [b.op('Mul', [distance, distance]), b.scalar(penalty)])]);
    }, loss),

  branch: (graph, settings) => sitesIn(graph, settings).reduce(decided, graph),
});

/** The sites that the rewritten network has, in the order in which they run. */
const sitesIn = ({ nodes }: Graph, settings: BySite<Settings>): readonly string[] =>
  nodes.flatMap(({ name }) => Object.keys(settings).filter((site) => names(site).gated === name));

/** Branches of one input that keep the images apart, each layer in one of them. */
function skippable(graph: Graph): readonly ResidualBranch[] {
  const taken = new Set<string>();
  const found = residualBranches(graph).filter(({ layers, sources }) => {
    const planes = sources.every((value) => graph.types[value]!.shape.length === 4);
    if (sources.length !== 1 || !planes || layers.length === 0 || layers.some((layer) => taken.has(layer))) return false;
    for (const layer of layers) taken.add(layer);
    return true;
  });
  const position = new Map(graph.nodes.map(({ name }, i) => [name, i]));
  return found.sort((a, b) => position.get(a.layers[0]!)! - position.get(b.layers[0]!)!);
}

/** What is added to a site, by the names that its nodes and their values have. */
const names = (site: string) => ({
  /** [N, 1, 1, 1]: above 0 where the branch runs. */
  gate: `${site}.gate`,
  /** [N, 1, 1, 1]: 0 or 1. */
  open: `${site}.open`,
  /** The branch times that. */
  gated: `${site}.gated`,
  sum: `${site}.sum`,
  /** The decision in the file. */
  run: `${site}.run`,
});

/** Of the gate. */
const parametersOf = (site: string) => ({ weight: `${site}.gate.weight`, bias: `${site}.gate.bias` });

/** The gate and its product with the branch stand right before the joint. */
function gated(graph: Graph, { joint, goes, layers, sources }: ResidualBranch): Graph {
  const site = layers[0]!;
  const own = names(site);
  const b = Builder.from(graph);
  const from = b.nodes.length;
  const pooled = b.op('GlobalAveragePool', [sources[0]!], {}, { name: `${site}.gate.pool` });
  const parameters = gateParameters(b, site, b.shape(pooled)[1]!);
  const score = b.op('Conv', [pooled, ...parameters], { kernel_shape: [1, 1] }, { name: own.gate });
  const soft = b.op('Sigmoid', [score], {}, { name: `${site}.gate.sigmoid` });
  const one = b.initializer(`${own.open}.step`, scalar(1));
  b.op('FakeQuant', [soft, one], { low: 0, high: 1 }, { name: own.open, domain: 'espalier' });
  b.op('Mul', [joint.inputs[goes]!, own.open], {}, { name: own.gated });
  const gate = b.nodes.slice(from);
  const gatedJoint = { ...joint, inputs: joint.inputs.with(goes, own.gated) };
  const nodes = graph.nodes.flatMap((node) => (node.name === joint.name ? [...gate, gatedJoint] : [node]));
  return rebuild({ ...graph, initializers: b.initializers }, { nodes });
}

/** Weights [1, C, 1, 1] that tell images apart from the start, and a bias that opens the gate for most of them. */
function gateParameters(b: Builder, site: string, channels: number): string[] {
  const rng = createRng('skip', site);
  const data = Float32Array.from({ length: channels }, () => rng.normal() * Math.sqrt(2 / channels));
  const own = parametersOf(site);
  return [
    b.initializer(own.weight, { dtype: 'float32', shape: [1, channels, 1, 1], data }),
    b.initializer(own.bias, { dtype: 'float32', shape: [1], data: Float32Array.of(1) }),
  ];
}

const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

/** The branch with its addition runs, or what it would be added to passes. */
function decided(graph: Graph, site: string): Graph {
  const own = names(site);
  const product = graph.nodes.find(({ name }) => name === own.gated);
  const joint = graph.nodes.find(({ inputs }) => inputs.includes(own.gated));
  if (!product || !joint) return graph;
  const [branch] = product.inputs as [string, string];
  const stays = joint.inputs.find((value) => value !== own.gated)!;
  const b = Builder.from(graph);
  const from = b.nodes.length;
  const highest = b.op('ReduceMax', [own.gate], { keepdims: 0 });
  const runs = b.op('Greater', [highest, b.scalar(0)]);
  const sum = b.op('Add', [branch, stays], {}, { name: own.sum });
  const choice: Node = { ...joint, op: 'Where', name: own.run, inputs: [runs, sum, stays] };
  const decision = [...b.nodes.slice(from), choice];
  const nodes = graph.nodes.flatMap((node) => (node === joint ? decision : node === product ? [] : [node]));
  return lazy(rebuild({ ...graph, initializers: b.initializers }, { nodes }), own.run);
}
