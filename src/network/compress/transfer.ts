import type { Plan, SiteSettings } from '../../core/candidate.ts';
import type { Site } from '../../core/catalog.ts';
import type { Graph } from '../ir/graph.ts';
import { type Layer, layersOf } from '../ir/layers.ts';
import { techniques } from './index.ts';

/**
 * A plan for one network as a plan for another: every site takes the settings of the site of the same name, else of the one
 * whose layer is most alike (of the same kind, as near as can be in role, place and width). Sites without a like are left alone.
 */
export function transferPlan(plan: Plan, from: Graph, to: Graph): Plan {
  const entries = techniques.flatMap((technique) => {
    const settings = plan.techniques[technique.name];
    if (!settings) return [];
    const matched = matchSites(technique.sites(from), technique.sites(to), from, to);
    const moved = technique.sites(to).flatMap(({ name }): [string, SiteSettings][] => {
      const own = settings[matched.get(name) ?? ''];
      return own ? [[name, own]] : [];
    });
    return moved.length === 0 ? [] : [[technique.name, Object.fromEntries(moved)] as const];
  });
  return { recipe: plan.recipe, techniques: Object.fromEntries(entries) };
}

/** The site of the first network for every site of the second, by name. */
function matchSites(old: readonly Site[], sites: readonly Site[], from: Graph, to: Graph): Map<string, string> {
  const [known, wanted] = [signaturesOf(from), signaturesOf(to)];
  const names = new Set(old.map(({ name }) => name));
  return new Map(
    sites.flatMap(({ name }) => {
      if (names.has(name)) return [[name, name]];
      const own = wanted.get(name);
      const like = own && mostAlike(own, [...names], known);
      return like === undefined ? [] : [[name, like]];
    }),
  );
}

/** What is like about two layers of different networks. */
interface Signature {
  /** The op, and for convolutions the kernel and whether it is depthwise. */
  readonly kind: string;
  /** The last part of the name: what the layer is in its block (`conv1`, `shortcut`). */
  readonly role: string;
  /** 0 is the first layer, 1 the last. */
  readonly place: number;
  /** Logarithm of the number of outputs. */
  readonly width: number;
}

function signaturesOf(graph: Graph): Map<string, Signature> {
  const layers = layersOf(graph);
  return new Map(layers.map((layer, i) => [layer.name, signatureOf(graph, layer, i / Math.max(1, layers.length - 1))]));
}

function signatureOf(graph: Graph, { name, node, weight, outputAxis }: Layer, place: number): Signature {
  const { shape } = graph.types[weight]!;
  const group = node.attributes['group'];
  const grouped = group?.kind === 'int' && group.value > 1 ? ' grouped' : '';
  const kind = `${node.op}${grouped} ${shape.slice(2).join('x')}`;
  return { kind, role: name.split('.').at(-1)!, place, width: Math.log(shape[outputAxis]!) };
}

/** How much further away a layer is that does something else in its block, in lengths of the network. */
const otherRole = 0.3;

function mostAlike(own: Signature, names: readonly string[], known: ReadonlyMap<string, Signature>): string | undefined {
  const distance = (name: string) => {
    const other = known.get(name);
    if (other?.kind !== own.kind) return Number.POSITIVE_INFINITY;
    const role = other.role === own.role ? 0 : otherRole;
    return role + Math.abs(other.place - own.place) + 0.1 * Math.abs(other.width - own.width);
  };
  const [best] = [...names].sort((a, b) => distance(a) - distance(b));
  return best !== undefined && Number.isFinite(distance(best)) ? best : undefined;
}
