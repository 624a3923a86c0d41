import { Builder } from '../ir/builder.ts';
import type { Graph } from '../ir/graph.ts';
import { rebuild } from '../ir/rebuild.ts';
import { addGate, gateHooks, gateNames, penaltyKnob } from './gate.ts';
import { type ResidualBranch, residualBranches } from './residual.ts';
import { defineTechnique, type Knobs } from './technique.ts';

const knobs = {
  rate: {
    kind: 'number',
    min: 0,
    max: 1,
    default: 1,
    off: 1,
    summary: 'Share of the images that are to run the branch; training pulls towards it.',
  },
  penalty: penaltyKnob,
} as const satisfies Knobs;

/** Gated residual branches, see gate.ts: the gate looks at the branch's input. */
export const skip = defineTechnique({
  name: 'skip',
  summary: 'Let a learned gate decide per image whether a residual branch runs.',
  stage: 'architecture',
  knobs,
  sites: (graph) => skippable(graph).map(({ layers }) => ({ name: layers[0]!, layers })),
  rewrite: (graph, settings) =>
    skippable(graph).reduce((current, branch) => (settings[branch.layers[0]!] ? gated(current, branch) : current), graph),

  ...gateHooks(gateNames),
});

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

/** The gate and its product with the branch stand right before the joint. */
function gated(graph: Graph, { joint, goes, layers, sources }: ResidualBranch): Graph {
  const site = layers[0]!;
  const names = gateNames(site);
  const b = Builder.from(graph);
  const from = b.nodes.length;
  addGate(b, names, { source: sources[0]!, value: joint.inputs[goes]!, stream: ['skip', site] });
  const gate = b.nodes.slice(from);
  const gatedJoint = { ...joint, inputs: joint.inputs.with(goes, names.gated) };
  const nodes = graph.nodes.flatMap((node) => (node.name === joint.name ? [...gate, gatedJoint] : [node]));
  return rebuild({ ...graph, initializers: b.initializers }, { nodes });
}
