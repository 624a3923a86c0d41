/** What a parameter of a space can be set to. */
export type Value = string | number | boolean;

/** One point of a search space: a value for every parameter, by the parameter's name. Plain data. */
export type Candidate = Readonly<Record<string, Value>>;

/**
 * What a candidate means for the network, in the network's own words: the settings of the training recipe, and for
 * every technique its settings at every site. Sites that are left alone are absent. Plain data: the two towers meet in it.
 */
export interface Plan {
  /** Overrides of the trial's training recipe, e.g. `{ learningRate: 0.02 }`. */
  readonly recipe: Readonly<Record<string, Value>>;
  /** technique → site → knob → value, e.g. `{ prune: { stem: { keep: 0.5, importance: 'l1' } } }`. */
  readonly techniques: Readonly<Record<string, Readonly<Record<string, SiteSettings>>>>;
}

/** The knobs of one technique at one site. */
export type SiteSettings = Readonly<Record<string, Value>>;
