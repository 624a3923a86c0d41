import type { Attributes, Graph, Node, Tensor } from '../ir/graph.ts';
import { type Layer, layersOf } from '../ir/layers.ts';
import { readFloat, readInt, readInts, readString } from '../ir/ops/support/attributes.ts';
import { rebuild } from '../ir/rebuild.ts';
import { type Budget, channelForm, type Form, inputForm, type Part, spatialForm, tuckerForm } from './factor/forms.ts';
import { type BySite, defineTechnique, type Knobs, mapSites, type SettingsOf } from './technique.ts';

const knobs = {
  keep: {
    kind: 'number',
    min: 0.0001,
    max: 1,
    default: 1,
    off: 1,
    summary: 'How much stays: a fraction of the full rank, or of the energy; a rank of 1 at least.',
  },
  by: {
    kind: 'choice',
    values: ['rank', 'energy'],
    default: 'rank',
    summary:
      'What keep counts: the rank itself, or the squared singular values of the trained weights, which then decide the rank.',
  },
  form: {
    kind: 'choice',
    values: ['channel', 'spatial', 'tucker'],
    default: 'channel',
    summary:
      'Convolutions: fewer filters and a 1×1 that mixes them; k×1 then 1×k filters; 1×1, a convolution of fewer channels, 1×1. Dense layers have one form.',
  },
  multiple: {
    kind: 'number',
    min: 1,
    max: 64,
    integer: true,
    default: 1,
    summary: 'Round the rank to a multiple of this, as the hardware likes it: of an energy upwards.',
  },
} as const satisfies Knobs;

type Settings = SettingsOf<typeof knobs>;

const forms = { channel: channelForm, spatial: spatialForm, tucker: tuckerForm } as const;

/**
 * Low rank: a layer becomes two or three smaller ones in a row, the best such product of its trained weights, which is
 * trained on. The last of them keeps the layer's name, bias and output, so that whatever is done to the layer's output
 * still is.
 */
export const factor = defineTechnique({
  name: 'factor',
  summary: 'Split layers into thinner ones whose product is close to their weights (low rank).',
  stage: 'factor',
  knobs,
  sites: (graph) => factorable(graph).map(({ name }) => ({ name, layers: [name] })),

  canonical(graph, settings) {
    const layers = new Map(factorable(graph).map((layer) => [layer.name, layer]));
    return mapSites(settings, (name, own) => normalForm(graph, layers.get(name)!, own));
  },

  touches: (graph, settings) => factorable(graph).flatMap(({ name, weight }) => (settings[name] ? [weight] : [])),

  dependsOnValues: ({ by }) => by === 'energy',

  /** How much an energy keeps is only known with the weights: what follows is given the most that it can be. */
  outline: (graph, settings) => splitInto(graph, chosen(graph, settings, { most: true })),

  rewrite: (graph, settings) => splitInto(graph, chosen(graph, settings)),

  restate(graph, settings, findings) {
    if (findings.gradients.length === 0) return findings;
    const all = chosen(graph, settings);
    const gradients = findings.gradients.map((batch) => {
      const entries = all.flatMap(({ layer, parts }) => {
        const whole = batch[layer.weight];
        return whole ? parts.map(({ suffix, gradient }) => [weightName(layer.node, suffix), gradient(whole)] as const) : [];
      });
      return { ...batch, ...Object.fromEntries(entries) };
    });
    return { ...findings, gradients };
  },
});

function splitInto(graph: Graph, all: readonly Split[]): Graph {
  const initializers: Record<string, Tensor> = { ...graph.initializers };
  const split = new Map(all.map(({ layer, parts }) => [layer.node, parts]));
  const nodes = graph.nodes.flatMap((node) => {
    const parts = split.get(node);
    if (!parts) return [node];
    for (const { suffix, weight } of parts) initializers[weightName(node, suffix)] = weight;
    return partNodes(node, parts);
  });
  return rebuild(graph, { nodes, initializers });
}

const weightName = ({ name }: Node, suffix: Part['suffix']) => `${name}${suffix || '#expand'}.weight`;

/** Plain dense layers, and convolutions over a plane without groups. */
function factorable(graph: Graph): readonly Layer[] {
  return layersOf(graph).filter(({ node, weight }) => {
    const { shape } = graph.types[weight]!;
    if (node.op === 'Conv')
      return shape.length === 4 && readInt(node, 'group', 1) === 1 && readString(node, 'auto_pad', 'NOTSET') === 'NOTSET';
    const plain = readFloat(node, 'alpha', 1) === 1 && readFloat(node, 'beta', 1) === 1 && readInt(node, 'transA', 0) === 0;
    return shape.length === 2 && (node.op === 'MatMul' || plain);
  });
}

/** Forms that a layer does not tell apart are one: those of dense layers, and of 1×1 convolutions. */
function formOf(graph: Graph, { node, weight, outputAxis }: Layer, { form }: Settings): { name: Settings['form']; form: Form } {
  const { shape } = graph.types[weight]!;
  if (node.op !== 'Conv') return { name: 'channel', form: outputAxis === 0 ? channelForm : inputForm };
  const name = shape[2] === 1 && shape[3] === 1 ? 'channel' : form;
  return { name, form: forms[name] };
}

const rankOf = (full: number, { keep, multiple }: Settings) =>
  Math.min(full, Math.max(1, Math.round((keep * full) / multiple)) * multiple);

/**
 * `keep` becomes the exact fraction, and `multiple` has done its work where the rank is the only one; undefined where the rank
 * is full. The least energy is a rank of 1 for sure.
 */
function normalForm(graph: Graph, layer: Layer, own: Settings): Settings | undefined {
  const { name, form } = formOf(graph, layer, own);
  const { shape } = graph.types[layer.weight]!;
  const full = form.fullRank(shape);
  if (full <= own.multiple) return undefined;
  if (own.by === 'energy' && own.keep > 1 / full) return { ...own, form: name };
  const rank = own.by === 'energy' ? own.multiple : rankOf(full, own);
  const hasOther = form === tuckerForm && shape[0] !== shape[1];
  const multiple = hasOther ? own.multiple : knobs.multiple.default;
  return rank === full ? undefined : { keep: rank / full, by: 'rank', form: name, multiple };
}

/** A layer that is split. */
interface Split {
  readonly layer: Layer;
  readonly parts: readonly Part[];
}

/** The layers that are split, with their parts. `most`: an energy keeps the full rank. */
function chosen(graph: Graph, settings: BySite<Settings>, { most = false } = {}): Split[] {
  return factorable(graph).flatMap((layer) => {
    const own = settings[layer.name];
    const normal = own && normalForm(graph, layer, own);
    if (!normal) return [];
    const { form } = formOf(graph, layer, normal);
    const tensor = graph.initializers[layer.weight]!;
    const full = form.fullRank(tensor.shape);
    const { multiple } = normal;
    const budget: Budget =
      normal.by === 'rank'
        ? { rank: rankOf(full, normal), multiple }
        : most
          ? { rank: full, multiple }
          : { energy: normal.keep, multiple };
    return [{ layer, parts: form.parts(tensor, budget) }];
  });
}

/** The layers in a row; the last has the layer's name, bias and output. */
function partNodes(node: Node, parts: readonly Part[]): Node[] {
  const values = parts.map(({ suffix }) => `${node.name}${suffix}`);
  return parts.map((part, i) => {
    const last = i === parts.length - 1;
    const input = i === 0 ? node.inputs[0]! : values[i - 1]!;
    return {
      ...node,
      name: values[i]!,
      inputs: [input, weightName(node, part.suffix), ...(last ? node.inputs.slice(2) : [])],
      outputs: last ? node.outputs : [values[i]!],
      attributes: node.op === 'Conv' ? windowOf(node, part) : node.attributes,
    };
  });
}

/** The kernel of a part, and what it takes over of how the layer moves over the plane. */
function windowOf(node: Node, { weight, moves }: Part): Attributes {
  const along = (name: string, still: number) => {
    const values = readInts(node, name);
    const picked = values?.map((value, i) => (moves[i % 2] ? value : still));
    return picked ? { [name]: { kind: 'ints', value: picked } as const } : {};
  };
  const kernel = { kind: 'ints', value: weight.shape.slice(2) } as const;
  return { kernel_shape: kernel, ...along('pads', 0), ...along('strides', 1), ...along('dilations', 1) };
}
