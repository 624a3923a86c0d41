import type { Value } from './candidate.ts';

/**
 * What a space file may mention: the layers of the chosen model and the techniques with their knobs. The network
 * tower fills it, the search tower checks a space against it; neither imports the other.
 */
export interface Catalog {
  readonly layers: readonly string[];
  readonly techniques: readonly TechniqueInfo[];
  /** Knobs of the training recipe that a space may search (`learningRate`, `epochs` …). */
  readonly recipe: Readonly<Record<string, Knob>>;
  /** Metrics that objectives and constraints may name. */
  readonly metrics: readonly MetricInfo[];
}

export interface TechniqueInfo {
  readonly name: string;
  readonly summary: string;
  /** A network that it was applied to has to be trained again. */
  readonly trains?: boolean;
  readonly knobs: Readonly<Record<string, Knob>>;
  /** Where it can be applied in this model. */
  readonly sites: readonly Site[];
}

/** A place where a technique takes one setting: a layer, or layers that must be treated alike (a residual group). */
export interface Site {
  /** The name of its first layer. */
  readonly name: string;
  readonly layers: readonly string[];
  /** The values of a knob that fit here, where not all that the knob knows do: `{ mode: ['static'] }`. */
  readonly allowed?: Readonly<Record<string, readonly Value[]>>;
}

/** What a knob accepts. `off` is the value at which the technique leaves the site as it is, whatever the others say. */
export type Knob =
  | {
      readonly kind: 'choice';
      readonly values: readonly Value[];
      readonly default: Value;
      readonly off?: Value;
      readonly summary: string;
    }
  | {
      readonly kind: 'number';
      readonly min: number;
      readonly max: number;
      readonly integer?: boolean;
      readonly default: number;
      readonly off?: number;
      readonly summary: string;
    };

export interface MetricInfo {
  readonly name: string;
  readonly summary: string;
  readonly unit: 'fraction' | 'bytes' | 'ms' | 'count' | 'ratio';
  /** The direction that people want. */
  readonly better: 'maximize' | 'minimize';
  /** Measured where it is asked for by its name, and not in every search. */
  readonly onDemand?: true;
  /** Taken of something that a goal names with it, as in `recall(Ankle boot)` or `nodes(If)`; `known`: all that there can be. */
  readonly of?: { readonly what: 'class' } | { readonly what: 'op'; readonly known: readonly string[] };
}

/** `recall(Ankle boot)` is `recall` of `Ankle boot`; where nothing stands in brackets, `of` is undefined. */
export function metricParts(name: string): { readonly metric: string; readonly of?: string } {
  const [, metric, of] = /^([^(]+)\((.*)\)$/s.exec(name) ?? [];
  return metric === undefined ? { metric: name } : { metric, of: of!.trim() };
}

/** A metric under the name that a goal gives it, what it is of with it; undefined where there is no such metric. */
export function metricNamed(infos: readonly MetricInfo[], name: string): MetricInfo | undefined {
  const { metric, of } = metricParts(name);
  const info = infos.find((known) => known.name === metric);
  if (!info || (of === undefined) !== (info.of === undefined)) return undefined;
  if (of === undefined) return info;
  const isThere = info.of!.what === 'op' ? info.of!.known.includes(of) : of !== '';
  return isThere ? { ...info, name: `${metric}(${of})` } : undefined;
}

/** How the names of metrics are written, for messages: `accuracy, recall(CLASS)`. */
export const metricNames = (infos: readonly MetricInfo[]): string[] =>
  infos.map(({ name, of }) => (of ? `${name}(${of.what.toUpperCase()})` : name));
