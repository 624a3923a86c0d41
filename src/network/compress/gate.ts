import { createRng } from '../../core/rng.ts';
import { Builder } from '../ir/builder.ts';
import type { Graph, Node, Tensor } from '../ir/graph.ts';
import { lazy } from '../ir/passes/lazy.ts';
import { rebuild } from '../ir/rebuild.ts';
import type { BySite, Knobs, LossTerms } from './technique.ts';

/**
 * A gate decides per image whether what is added to an activation is computed (Veit and Belongie 2018, Convolutional Networks
 * with Adaptive Inference Graphs, whose target rate this is; Wang et al. 2018, SkipNet): a linear gate over the means of a
 * value. In training what it opens is multiplied by the decision, 0 or 1, and the gradient passes it as if it were the sigmoid
 * before it (straight through). The file computes it or does not; in a batch, where any of its images asks for it.
 */

export const penaltyKnob = {
  kind: 'number',
  min: 0,
  max: 100,
  default: 2,
  summary: 'Factor of the squared distance from that share in the loss.',
} as const satisfies Knobs[string];

/** What a gate adds, by the names that its nodes and their values have. */
export const gateNames = (base: string) => ({
  /** [N, 1, 1, 1]: above 0 where it is open. */
  gate: `${base}.gate`,
  /** [N, 1, 1, 1]: 0 or 1. */
  open: `${base}.open`,
  /** What is added, times that. */
  gated: `${base}.gated`,
  sum: `${base}.sum`,
  /** The decision in the file. */
  run: `${base}.run`,
});

type GateNames = ReturnType<typeof gateNames>;

/** Of the gate. */
const gateParameters = ({ gate }: GateNames): string[] => [`${gate}.weight`, `${gate}.bias`];

/**
 * The gate over `source`, [N, C, H, W], and its product with `value`. `stream` draws its weights, which tell images apart from
 * the start; its bias opens it for most of them.
 */
export function addGate(b: Builder, names: GateNames, at: { source: string; value: string; stream: readonly string[] }): void {
  const { gate, open, gated } = names;
  const pooled = b.op('GlobalAveragePool', [at.source], {}, { name: `${gate}.pool` });
  const channels = b.shape(pooled)[1]!;
  const rng = createRng(...at.stream);
  const data = Float32Array.from({ length: channels }, () => rng.normal() * Math.sqrt(2 / channels));
  const [weight, bias] = gateParameters(names) as [string, string];
  const parameters = [
    b.initializer(weight, { dtype: 'float32', shape: [1, channels, 1, 1], data }),
    b.initializer(bias, { dtype: 'float32', shape: [1], data: Float32Array.of(1) }),
  ];
  const score = b.op('Conv', [pooled, ...parameters], { kernel_shape: [1, 1] }, { name: gate });
  const soft = b.op('Sigmoid', [score], {}, { name: `${gate}.sigmoid` });
  const one = b.initializer(`${open}.step`, scalar(1));
  b.op('FakeQuant', [soft, one], { low: 0, high: 1 }, { name: open, domain: 'espalier' });
  b.op('Mul', [at.value, open], {}, { name: gated });
}

const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

interface GateSettings {
  /** Share of the images that a gate is to open for. */
  readonly rate: number;
  readonly penalty: number;
}

/** What a technique with a gate per site does in training and in the file. */
export function gateHooks(namesOf: (site: string) => GateNames) {
  /** The gates that the rewritten network has, in the order in which they run. */
  const gatesIn = ({ nodes }: Graph, settings: BySite<GateSettings>) => {
    const gates = new Map(Object.entries(settings).map(([site, own]) => [namesOf(site).gated, { names: namesOf(site), own }]));
    return nodes.flatMap(({ name }) => gates.get(name) ?? []);
  };
  return {
    untrained: (graph: Graph, settings: BySite<GateSettings>) =>
      gatesIn(graph, settings).flatMap(({ names }) => gateParameters(names)),
    objective: (graph: Graph, settings: BySite<GateSettings>, terms: LossTerms) =>
      gatesIn(graph, settings).reduce((loss, { names, own }) => pulledTowards({ ...terms, loss }, names, own), terms.loss),
    branch: (graph: Graph, settings: BySite<GateSettings>) =>
      gatesIn(graph, settings).reduce((current, { names }) => decided(current, names), graph),
  };
}

/** The loss, and what the share of the images that a gate opens for is away from the rate that it is to have. */
function pulledTowards({ b, loss }: LossTerms, { open }: GateNames, own: GateSettings): string {
  const mean = b.op('ReduceMean', [open], { axes: [0, 1, 2, 3], keepdims: 0 });
  const distance = b.op('Sub', [mean, b.scalar(own.rate)]);
  return b.op('Add', [loss, b.op('Mul', [b.op('Mul', [distance, distance]), b.scalar(own.penalty)])]);
}

/** What the gate opens runs and is added, or what it would be added to passes. */
function decided(graph: Graph, { gate, gated, sum: sumName, run }: GateNames): Graph {
  const product = graph.nodes.find(({ name }) => name === gated);
  const joint = graph.nodes.find(({ inputs }) => inputs.includes(gated));
  if (!product || !joint) return graph;
  const [branch] = product.inputs as [string, string];
  const stays = joint.inputs.find((value) => value !== gated)!;
  const b = Builder.from(graph);
  const from = b.nodes.length;
  const highest = b.op('ReduceMax', [gate], { keepdims: 0 });
  const runs = b.op('Greater', [highest, b.scalar(0)]);
  const sum = b.op('Add', [branch, stays], {}, { name: sumName });
  const choice: Node = { ...joint, op: 'Where', name: run, inputs: [runs, sum, stays] };
  const decision = [...b.nodes.slice(from), choice];
  const nodes = graph.nodes.flatMap((node) => (node === joint ? decision : node === product ? [] : [node]));
  return lazy(rebuild({ ...graph, initializers: b.initializers }, { nodes }), run);
}
