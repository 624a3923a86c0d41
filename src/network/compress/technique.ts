import type { SiteSettings, Value } from '../../core/candidate.ts';
import type { Knob, Site } from '../../core/catalog.ts';
import type { Json } from '../../core/json.ts';
import type { Builder } from '../ir/builder.ts';
import type { Graph, Tensor } from '../ir/graph.ts';

/**
 * When a technique has its turn. A plan's techniques are applied in this order, in the list's order within a stage,
 * unless a technique of the plan orders otherwise what is done before training. `train`: those that change nothing but the loss of a training,
 * before others add their penalties to it.
 */
export const stages = ['train', 'architecture', 'factor', 'prune', 'sparsify', 'quantize'] as const;

export type Stage = (typeof stages)[number];

export type Knobs = Readonly<Record<string, Knob>>;

type KnobValue<K extends Knob> = K extends { readonly kind: 'choice'; readonly values: readonly (infer V extends Value)[] }
  ? V
  : number;

/** Settings of one site, typed by the knobs that declare them. */
export type SettingsOf<K extends Knobs> = { readonly [Name in keyof K]: KnobValue<K[Name]> };

/** Settings by the site's name; sites that are left alone are absent. */
export type BySite<S> = Readonly<Record<string, S>>;

/** A value whose statistics `finalize` wants: its range, and what is asked beside it. */
export interface Need {
  readonly value: string;
  readonly histogram?: boolean;
  /** Means of the channels of a value [N, C, …]. */
  readonly channelMeans?: boolean;
}

/** What a value of the float network was over the calibration data. */
export interface ValueStatistics {
  readonly min: number;
  readonly max: number;
  /** How many numbers fell into each of equal parts of [min, max]. */
  readonly histogram?: ArrayLike<number>;
  /** [C] */
  readonly channelMeans?: ArrayLike<number>;
}

/** By value name. */
export type Statistics = Readonly<Record<string, ValueStatistics>>;

/** What a technique wants to know of the trained dense network before it rewrites it. Answered once for all trials. */
export interface Questions {
  /** Activations [N, C, …]: in what share of its numbers is each channel above 0? */
  readonly activity?: readonly string[];
  /** The loss's gradients by all trained parameters? */
  readonly gradients?: boolean;
  /**
   * How well does a changed network do, without training? By a name that says all of the change: answers are kept
   * under it. The network is made only where its answer is not known yet.
   */
  readonly effects?: Readonly<Record<string, () => Graph>>;
}

/** How a network does on training images. */
export interface Effect {
  readonly accuracy: number;
  /** Mean cross-entropy. */
  readonly loss: number;
}

/** The answers, measured on training images as they are, without augmentation. */
export interface Findings {
  /** Value → share per channel, [C]. */
  readonly activity: Readonly<Record<string, ArrayLike<number>>>;
  /** One record per batch: parameter → gradient, in the parameter's own layout. Empty where nobody asked. */
  readonly gradients: readonly Readonly<Record<string, Float32Array>>[];
  readonly effects: Readonly<Record<string, Effect>>;
}

export const noFindings: Findings = { activity: {}, gradients: [], effects: {} };

/**
 * A value of a network that is computed once for every training image, as it is (not augmented), and fed with the
 * image in every step: a teacher's logits or features. The network has the baseline's inputs.
 */
export interface PerImage {
  readonly graph: Graph;
  readonly value: string;
  /** What another network answers may be fed in its place, where the study names one as the teacher. */
  readonly taught?: boolean;
}

/** A training step while its loss is put together. What is named here are values of `b`. */
export interface LossTerms {
  /** Holds the forward pass of the network that is trained, under its own names. */
  readonly b: Builder;
  /** [N, K] */
  readonly logits: string;
  /** [N, K], a distribution per row. */
  readonly target: string;
  /** []: cross-entropy, or what techniques before made of it. */
  readonly loss: string;
}

/** Parameters of the network that is trained, by name, to be changed in place. */
export type Weights = Readonly<Record<string, Float32Array>>;

/** Where a training stands after a step: `step` of `steps` is done, from 1. */
export interface Moment {
  readonly step: number;
  readonly steps: number;
}

/** Changes the weights after a step. */
export type Projection = (weights: Weights, moment: Moment) => void;

/** Settings of another technique, some of its knobs by site. */
export interface SameAs {
  readonly technique: string;
  readonly settings: BySite<SiteSettings>;
  /** Whether they may stand beside settings that the other has already; else only where it has none. */
  readonly joins: boolean;
}

/**
 * A way to compress a network: graphs in, graphs out. It has no session, no store and no random numbers of its own;
 * equal arguments give equal graphs. Settings arrive complete (every knob has a value) and checked.
 *
 * The hooks run in this order; one that a technique does not need is left out.
 * - `sites`: where it can be applied in a model. A technique for the network as a whole has one site, `networkSite`.
 * - `numeric`: knobs that decide numbers alone, never the structure of what comes out.
 * - `order`: the order of all stages before training, where a technique decides it.
 * - `later`: whether settings of a site do nothing before training. An order of the stages is not about them.
 * - `early`: what it does to the trained dense network where an order gives it a turn before techniques that usually come
 *   before it, beside what it does later.
 * - `touches`: the parameters that decide what its turn before training does, or that it changes. Techniques that touch
 *   different ones may change places; where it is left out, none may.
 * - `sameAs`: the same in the settings of another technique, where this one is only a shorter way to say them: the normal
 *   form has those. It sees the uncompressed network.
 * - `canonical`: the normal form of its settings; sites that it leaves as they are are gone. Settings that give the
 *   same network give the same normal form. It sees the network as the techniques before it leave it, with weights that
 *   mean nothing: a candidate's key is known before anything is trained.
 * - `outline`: the shape that the network will have in the end, where `rewrite` alone does not give it.
 * - `dependsOnValues`: whether settings make the structure of what comes out (its nodes, shapes and types, and so its size)
 *   depend on trained or measured values; never where it is left out. The size of other plans is known before training.
 * - `asks`: what `rewrite` wants to know. `graph` is the trained dense network.
 * - `rewrite`: before fine-tuning, on the trained dense network (BatchNormalization not folded) as the techniques before
 *   it leave it. Findings and weights decide what goes; how much, only where `dependsOnValues` says so.
 * - `restate`: the findings as they are after its own `rewrite`, where that cut the parameters that they are about.
 * - `untrained`: parameters of the rewritten network that `rewrite` added and that mean nothing before they are trained: what
 *   is only looked at, not trained, trains these alone.
 * - `simulates`: whether settings at a site ask for `simulate`, and so for training; never where it is left out.
 * - `simulate`: before fine-tuning, on the network as all techniques rewrote it: lets training feel what `finalize` will
 *   do. It is given the statistics that `needs` asks for, of that network.
 * - `perImage`: inputs of the training step that are fed per image. `baseline` is the trained dense network.
 * - `auxiliary`: parameters that are trained beside the network that is trained, and are no part of it afterwards; by name.
 * - `objective`: another loss, made of the one that is there. It may read what `perImage` feeds, [N, …] each, and
 *   what `auxiliary` gives.
 * - `during`: called when training begins, or goes on from a checkpoint; what comes back is called after every step.
 *   Whatever it has to remember it must see in the weights (a weight that was pruned is 0): nothing else is saved.
 * - `report`: facts about the fine-tuned network, for the trial's record.
 * - `prepare`: after fine-tuning, on that network with BatchNormalization folded: what computes the same, under the same
 *   names, and is better to measure and finish. Values that `simulate` put there stay as they are.
 * - `needs`: values of the trained network, folded and prepared, whose statistics `finalize` wants.
 * - `finalize`: after fine-tuning, on that network.
 * - `store`: how the finished network is written, after every technique's `finalize`.
 * - `branch`: which parts of the stored network run for some images only, after every technique's `store`, in the order of the
 *   list: what may lie within another's branch comes before it. Later hooks and passes need not look into branches. What
 *   comes out is what is encoded and measured.
 * - `remedies`, `milder`: names of what may save a network that does not learn, or that finishing has broken, and settings of a
 *   site milder in that way: the same ones where it has nothing to do there, undefined where the site is left alone.
 *
 * A site's name stays valid through `rewrite`s of other techniques as long as its layer is there.
 */
export interface Technique<K extends Knobs = Knobs> {
  readonly name: string;
  readonly summary: string;
  readonly stage: Stage;
  readonly knobs: K;
  sites(graph: Graph): readonly Site[];
  readonly numeric?: readonly string[];
  order?(settings: BySite<SettingsOf<K>>): readonly Stage[];
  later?(settings: SettingsOf<K>): boolean;
  early?(graph: Graph, settings: BySite<SettingsOf<K>>): Graph;
  touches?(graph: Graph, settings: BySite<SettingsOf<K>>): readonly string[];
  sameAs?(graph: Graph, settings: BySite<SettingsOf<K>>): SameAs | undefined;
  canonical?(graph: Graph, settings: BySite<SettingsOf<K>>): BySite<SettingsOf<K>>;
  outline?(graph: Graph, settings: BySite<SettingsOf<K>>): Graph;
  dependsOnValues?(settings: SettingsOf<K>): boolean;
  asks?(graph: Graph, settings: BySite<SettingsOf<K>>): Questions;
  rewrite?(graph: Graph, settings: BySite<SettingsOf<K>>, findings: Findings): Graph;
  restate?(graph: Graph, settings: BySite<SettingsOf<K>>, findings: Findings): Findings;
  untrained?(graph: Graph, settings: BySite<SettingsOf<K>>): readonly string[];
  simulates?(settings: SettingsOf<K>): boolean;
  simulate?(graph: Graph, settings: BySite<SettingsOf<K>>, statistics: Statistics): Graph;
  perImage?(baseline: Graph, settings: BySite<SettingsOf<K>>): Readonly<Record<string, PerImage>>;
  auxiliary?(graph: Graph, baseline: Graph, settings: BySite<SettingsOf<K>>): Readonly<Record<string, Tensor>>;
  objective?(graph: Graph, settings: BySite<SettingsOf<K>>, terms: LossTerms): string;
  during?(graph: Graph, settings: BySite<SettingsOf<K>>): (weights: Weights) => Projection;
  report?(graph: Graph, settings: BySite<SettingsOf<K>>): Json;
  prepare?(graph: Graph, settings: BySite<SettingsOf<K>>): Graph;
  needs?(graph: Graph, settings: BySite<SettingsOf<K>>): readonly Need[];
  finalize?(graph: Graph, settings: BySite<SettingsOf<K>>, statistics: Statistics): Graph;
  store?(graph: Graph, settings: BySite<SettingsOf<K>>): Graph;
  branch?(graph: Graph, settings: BySite<SettingsOf<K>>): Graph;
  readonly remedies?: readonly string[];
  milder?(settings: SettingsOf<K>, remedy: string): SettingsOf<K> | undefined;
}

/** The site of techniques that treat the network as a whole; in a space file `match` names it like a layer. */
export const networkSite: Site = { name: 'network', layers: ['network'] };

/** Declares a technique; the types of its settings come from its knobs. */
export function defineTechnique<const K extends Knobs>(technique: Technique<K>): Technique<K> {
  return technique;
}

/** Settings changed site by site; sites for which nothing comes back are gone. */
export function mapSites<S>(settings: BySite<S>, change: (site: string, own: S) => S | undefined): BySite<S> {
  const entries = Object.entries(settings).flatMap(([site, own]) => {
    const changed = change(site, own);
    return changed === undefined ? [] : [[site, changed] as const];
  });
  return Object.fromEntries(entries);
}
