import { z } from 'zod';
import { parseDuration } from './units.ts';

/** The parts of a space file that the network tower owns, handed in as schemas. */
export interface Sections {
  readonly model: z.ZodType;
  readonly data: z.ZodType;
  /** How the dense network is trained; `recipe` where left out. */
  readonly baseline?: z.ZodType;
  /** How a network is trained: for `trial`. */
  readonly recipe: z.ZodObject;
  /** A network that candidates learn from; no such section where left out. */
  readonly teacher?: z.ZodType;
  /** How the exported file is run when its time is measured; no such section where left out. */
  readonly latency?: z.ZodType;
}

/** The names that `search.controller` and `search.scheduler` may have; any where absent. */
export interface KnownNames {
  readonly controllers?: readonly string[];
  readonly schedulers?: readonly string[];
  /** What `firstAid` may list. */
  readonly remedies?: readonly string[];
}

/** What a study may be called. */
export const studyName = {
  pattern: /^[A-Za-z0-9][\w.-]{0,63}$/,
  rule: 'must be 1 to 64 letters, digits, ".", "_" or "-", the first a letter or digit',
};

/**
 * The file's outline. What can only be checked against the catalog (trial, objectives, constraints, layers) is open here.
 */
export function fileSchema(sections: Sections, { controllers, schedulers, remedies }: KnownNames = {}) {
  return z.strictObject({
    name: z
      .string()
      .regex(studyName.pattern, studyName.rule)
      .optional()
      .describe('Name of the study; the name of the file by default.'),
    model: sections.model.describe('The network that is compressed.'),
    data: sections.data.describe('What it is trained and measured on.'),
    baseline: (sections.baseline ?? sections.recipe).prefault({}).describe('How the dense network is trained, once.'),
    ...(sections.teacher
      ? { teacher: sections.teacher.optional().describe('Who `distil` learns from, instead of the dense network.') }
      : {}),
    ...(sections.latency ? { latency: sections.latency.optional() } : {}),
    trial: z
      .unknown()
      .optional()
      .describe('How a candidate is fine-tuned. A list or {min, max} makes a setting part of the search.'),
    objectives: z.unknown().optional().describe('What is searched for: {metric: maximize | minimize}, or a list of metrics.'),
    constraints: z.unknown().optional().describe('Bounds such as "accuracy >= 0.9" or "size <= 200kB".'),
    layers: z
      .unknown()
      .optional()
      .describe('Rules from top to bottom: which techniques may do what to which layers. Later rules override earlier ones.'),
    firstAid: z
      .array(remedies ? z.enum([...remedies]) : z.string())
      .optional()
      .describe(
        'Remedies that a trial may try, in this order, where quantization costs its network more than 5 points of accuracy; they go beyond its plan, and its record says so.',
      ),
    search: searchSchema(controllers, schedulers).prefault({}).describe('Defaults for the options of nas search.'),
  });
}

/** Ways to begin a search. */
export const startNames = ['anchors', 'sensitivity'] as const;
export type StartName = (typeof startNames)[number];

const searchSchema = (controllers?: readonly string[], schedulers?: readonly string[]) =>
  z.strictObject({
    trials: z.int().min(1).optional().describe('How many candidates to train and measure.'),
    controller: (controllers ? z.enum([...controllers]) : z.string()).optional().describe('What proposes candidates.'),
    start: z
      .array(z.enum(startNames))
      .optional()
      .describe(
        'What comes before the first proposal, besides the dense network. anchors: uniform settings. sensitivity: the most promising of what a pass over every single choice foresees.',
      ),
    seed: z
      .union([z.string().min(1), z.int()])
      .transform(String)
      .optional()
      .describe('Equal seeds give equal searches.'),
    workers: z.int().min(1).optional().describe('Trials that run at the same time.'),
    lookAhead: z
      .int()
      .min(1)
      .optional()
      .describe('Jobs that may be under way before the first of them must be known. Results depend on it; not on workers.'),
    scheduler: (schedulers ? z.enum([...schedulers]) : z.string())
      .optional()
      .describe('How far trials are trained: none to the end; asha, hyperband: the best of every rung go on.'),
    eta: z.number().optional().describe('One of so many trials goes on from a rung; at least 2 (3).'),
    rungs: z
      .array(z.number())
      .min(1)
      .optional()
      .describe('Epochs at which trials are measured, rising. Default: a ninth and a third of trial.epochs, for eta 3.'),
    minEpochs: z.number().optional().describe('Epochs of the first rung, instead of rungs; the others follow by eta.'),
    target: z
      .union([z.string(), z.array(z.string()).min(1)])
      .optional()
      .describe('End when one model meets all of this: "accuracy >= 91 %, size <= 40kB".'),
    patience: z
      .int()
      .min(1)
      .optional()
      .describe('End when the hypervolume has not grown by a thousandth over so many results. Off by default.'),
    time: z
      .string()
      .refine((text) => parseDuration(text) !== undefined, 'must be a time such as "90 s", "15 min" or "2 h"')
      .transform((text) => parseDuration(text) ?? 0)
      .optional()
      .describe('Stop asking for new candidates after this time: "15 min".'),
  });

/** `search:` as it was read; `time` in seconds. */
export type SearchDefaults = z.output<ReturnType<typeof searchSchema>>;
