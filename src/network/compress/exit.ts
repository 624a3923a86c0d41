import { Builder } from '../ir/builder.ts';
import { dtypeCodes, type Graph } from '../ir/graph.ts';
import { lazy } from '../ir/passes/lazy.ts';
import { rebuild } from '../ir/rebuild.ts';
import { addDense, denseParameters, gridMeans } from './exit/head.ts';
import { type ExitPoint, exitPoints } from './exit/points.ts';
import { type BySite, defineTechnique, type Knobs, type LossTerms, mapSites, type SettingsOf } from './technique.ts';

const knobs = {
  threshold: {
    kind: 'number',
    min: 0,
    max: 1,
    default: 1,
    off: 1,
    summary: 'An image leaves where the exit is surer than this of its answer.',
  },
  gate: {
    kind: 'choice',
    values: ['confidence', 'learned'],
    default: 'confidence',
    summary: 'How sure: the probability of the likeliest class, or that the answer is right, which a gate learns to foretell.',
  },
  weight: {
    kind: 'number',
    min: 0.01,
    max: 10,
    default: 0.5,
    summary: "Factor of the exit's cross-entropy in the loss, beside that of the last answer.",
  },
  grid: {
    kind: 'number',
    min: 1,
    max: 8,
    integer: true,
    default: 2,
    summary: 'The exit sees the means of so many by so many parts of the image.',
  },
} as const satisfies Knobs;

type Settings = SettingsOf<typeof knobs>;

/**
 * Early exits (Teerapittayanon et al. 2016, BranchyNet; Kaya et al. 2019, Shallow-Deep Networks): a dense layer over a
 * pooled activation answers on its own, and where it is sure enough the rest of the network does not run. All exits are
 * trained together. In a batch the rest runs where any of its images needs it.
 */
export const exit = defineTechnique({
  name: 'exit',
  summary: 'Let images that are easy leave the network early, with the answer of a small layer of their own.',
  stage: 'architecture',
  knobs,
  sites: (graph) => exitPoints(graph).map(({ name, layers }) => ({ name, layers })),

  /** No finer than the activation. */
  canonical(graph, settings) {
    const points = new Map(exitPoints(graph).map((point) => [point.name, point]));
    return mapSites(settings, (name, own) => ({ ...own, grid: gridOf(graph, points.get(name)!, own) }));
  },

  /** Answers and gates become further outputs: `branch` takes them away again. */
  rewrite(graph, settings) {
    const points = exitPoints(graph).filter(({ name }) => settings[name]);
    if (points.length === 0) return graph;
    const b = Builder.from(graph);
    const [, classes] = b.shape(graph.outputs[0]!) as [number, number];
    const outputs = points.flatMap((point) => addHead(b, point, settings[point.name]!, classes));
    return b.build([...graph.outputs, ...outputs]);
  },

  untrained: (graph, settings) =>
    sitesIn(graph, settings).flatMap((site) =>
      [names(site).head, ...(settings[site]!.gate === 'learned' ? [names(site).certainty] : [])].flatMap(denseParameters),
    ),

  objective: (graph, settings, terms) =>
    sitesIn(graph, settings).reduce((loss, site) => {
      const { head } = names(site);
      const { gate, weight } = settings[site]!;
      const answer = crossEntropy(terms, head);
      const { b } = terms;
      const added = gate === 'learned' ? b.op('Add', [answer, gateLoss(terms, site)]) : answer;
      return b.op('Add', [loss, b.op('Mul', [added, b.scalar(weight)])]);
    }, terms.loss),

  branch(graph, settings) {
    const sites = sitesIn(graph, settings);
    return sites.length === 0 ? graph : withDecisions(graph, sites, settings);
  },
});

/** The sites that the rewritten network has, in the order in which images meet them. */
const sitesIn = ({ outputs }: Graph, settings: BySite<Settings>): readonly string[] =>
  outputs.flatMap((output) => Object.keys(settings).filter((site) => names(site).head === output));

/** What is added to a site, by the names of its nodes and their values. */
const names = (site: string) => ({
  /** [N, K], logits. */
  head: `${site}.head`,
  /** [N, 1], the logit of being right. */
  certainty: `${site}.certainty`,
  /** The decision in the file. */
  exit: `${site}.exit`,
});

const gridOf = ({ types }: Pick<Graph, 'types'>, { value }: ExitPoint, { grid }: Settings): number => {
  const [, , height, width] = types[value]!.shape as [number, number, number, number];
  return Math.min(grid, height, width);
};

/** The outputs that the exit adds. */
function addHead(b: Builder, point: ExitPoint, own: Settings, classes: number): string[] {
  const { head, certainty } = names(point.name);
  const features = gridMeans(b, point.value, gridOf(b, point, own), head);
  const answer = addDense(b, features, head, classes);
  return own.gate === 'learned' ? [answer, addDense(b, features, certainty, 1)] : [answer];
}

const crossEntropy = ({ b, target }: LossTerms, logits: string): string =>
  b.multi('SoftmaxCrossEntropy', [logits, target], 2, {}, { domain: 'espalier' })[0]!;

/** Binary cross-entropy of the gate against whether the exit is right: mean of log(1 + e^g) − g · right. */
function gateLoss({ b, target }: LossTerms, site: string): string {
  const { head, certainty: gate } = names(site);
  const [given, wanted] = [head, target].map((value) => b.op('ArgMax', [value], { axis: 1, keepdims: 1 }));
  const right = b.op('Cast', [b.op('Equal', [given!, wanted!])], { to: dtypeCodes.float32 });
  const tail = b.op('Log', [b.op('Add', [b.op('Exp', [b.op('Neg', [b.op('Abs', [gate])])]), b.scalar(1)])]);
  const softplus = b.op('Add', [b.op('Relu', [gate]), tail]);
  const each = b.op('Sub', [softplus, b.op('Mul', [gate, right])]);
  return b.op('ReduceMean', [each], { axes: [0, 1], keepdims: 0 });
}

/** `sites` in the order in which images meet them: the first decision holds all that comes after it. */
function withDecisions(graph: Graph, sites: readonly string[], settings: BySite<Settings>): Graph {
  const added = new Set(sites.flatMap((site) => [names(site).head, names(site).certainty]));
  const [answer, ...others] = graph.outputs.filter((output) => !added.has(output)) as [string, ...string[]];
  const last = `${answer}.last`;
  const swap = (value: string) => (value === answer ? last : value);
  const nodes = graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(swap), outputs: node.outputs.map(swap) }));
  const b = Builder.from(rebuild(graph, { nodes, outputs: graph.outputs.map(swap) }));
  let later = last;
  for (const site of sites.toReversed()) {
    const { head, exit: name } = names(site);
    const output = site === sites[0] ? answer : name;
    [later] = b.multi('Where', [isSure(b, site, settings[site]!), head, later], 1, {}, { name, outputs: [output] }) as [string];
  }
  return sites.toReversed().reduce((current, site) => lazy(current, names(site).exit), b.build([answer, ...others]));
}

/** One bool: whether the exit is sure of every image of the batch. */
function isSure(b: Builder, site: string, { gate, threshold }: Settings): string {
  const own = names(site);
  if (gate === 'learned') {
    const least = b.op('ReduceMin', [own.certainty], { keepdims: 0 });
    return b.op('Greater', [least, b.scalar(Math.log(threshold / (1 - threshold)))]);
  }
  const confidence = b.op('ReduceMax', [b.op('Softmax', [own.head], { axis: 1 })], { axes: [1], keepdims: 0 });
  return b.op('Greater', [b.op('ReduceMin', [confidence], { keepdims: 0 }), b.scalar(threshold)]);
}
