import type { Value } from '../../core/candidate.ts';
import type { Knob, Site } from '../../core/catalog.ts';
import type { Graph } from '../ir/graph.ts';

/** When a technique has its turn. A plan's techniques are applied in this order, in the list's order within a stage. */
export const stages = ['architecture', 'factor', 'prune', 'quantize'] as const;

type Stage = (typeof stages)[number];

export type Knobs = Readonly<Record<string, Knob>>;

type KnobValue<K extends Knob> = K extends { readonly kind: 'choice'; readonly values: readonly (infer V extends Value)[] }
  ? V
  : number;

/** Settings of one site, typed by the knobs that declare them. */
type SettingsOf<K extends Knobs> = { readonly [Name in keyof K]: KnobValue<K[Name]> };

/** Settings by the site's name; sites that are left alone are absent. */
export type BySite<S> = Readonly<Record<string, S>>;

/** The range that a value of the float network took over the calibration data. */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
}

/** Ranges by value name. */
export type Statistics = Readonly<Record<string, ValueRange>>;

/**
 * A way to compress a network: graphs in, graphs out. It has no session, no store and no random numbers; equal
 * arguments give equal graphs. Settings arrive complete (every knob has a value), checked and in normal form.
 *
 * The hooks run in this order; one that a technique does not need is left out.
 * - `sites`: where it can be applied in a model.
 * - `canonical`: the normal form of a site's settings, on the uncompressed model. Settings that give the same network
 *   give the same normal form; undefined means that they leave the site as it is. It must not depend on the values of
 *   the weights, only on the structure, so that a candidate's key is known before anything is trained.
 * - `dependsOnValues`: whether settings make the structure of what comes out (its nodes, shapes and types, and so its size)
 *   depend on trained or measured values; never where it is left out. The size of other plans is known before training.
 * - `rewrite`: before fine-tuning, on the trained dense network (BatchNormalization not folded).
 * - `needs`: values of the trained network, BatchNormalization folded, whose ranges `finalize` wants.
 * - `finalize`: after fine-tuning, on that folded network. What comes out is what is encoded and measured.
 *
 * A site's name stays valid through `rewrite`s of other techniques as long as its layer is there.
 */
export interface Technique<K extends Knobs = Knobs> {
  readonly name: string;
  readonly summary: string;
  readonly stage: Stage;
  readonly knobs: K;
  sites(graph: Graph): readonly Site[];
  canonical?(graph: Graph, site: Site, settings: SettingsOf<K>): SettingsOf<K> | undefined;
  dependsOnValues?(settings: SettingsOf<K>): boolean;
  rewrite?(graph: Graph, settings: BySite<SettingsOf<K>>): Graph;
  needs?(graph: Graph, settings: BySite<SettingsOf<K>>): readonly string[];
  finalize?(graph: Graph, settings: BySite<SettingsOf<K>>, statistics: Statistics): Graph;
}

/** Declares a technique; the types of its settings come from its knobs. */
export function defineTechnique<const K extends Knobs>(technique: Technique<K>): Technique<K> {
  return technique;
}
