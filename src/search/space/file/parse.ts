import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Catalog } from '../../../core/catalog.ts';
import { NasError } from '../../../core/errors.ts';
import { type Json, stableStringify } from '../../../core/json.ts';
import type { Constraint, Goal } from '../../../core/objective.ts';
import { mostEpochs, trainsAnything } from '../schedule.ts';
import type { Space } from '../space.ts';
import { buildSpace } from './build.ts';
import { readGoal } from './goal.ts';
import { parseSection } from './issues.ts';
import { readLayers } from './layers.ts';
import { Problems } from './problems.ts';
import { fileSchema, type KnownNames, type SearchDefaults, type Sections } from './schema.ts';
import { readSearch } from './search.ts';
import { errorAt, type Located, readYaml, type Source } from './source.ts';
import { readTrial, recipeParameters, type TrialSection } from './trial.ts';

/** A space file, checked, with the defaults of its sections filled in. */
export interface SpaceFile {
  /** Name of the study: the file's `name`, else the name of the file. */
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly model: Json;
  readonly data: Json;
  readonly baseline: Json;
  /** The trial's recipe; a searched setting stands at its first value, which every candidate's plan overrides. */
  readonly trial: Json;
  /** A network that candidates learn from; absent where that is the dense one. */
  readonly teacher?: Json;
  /** How the exported file is run when its time is measured; absent where the file does not say. */
  readonly latency?: Json;
  /** Remedies that a trial may try beyond its plan, in this order; absent where there is no such list. */
  readonly firstAid?: readonly string[];
  readonly goal: Goal;
  readonly space: Space;
  readonly search: SearchDefaults;
  /** `search.target`, in the metrics' own units; empty where there is none. */
  readonly target: readonly Constraint[];
  /** The most that a trial is trained for. */
  readonly epochs: number;
  /** Whether any candidate is trained. */
  readonly trains: boolean;
  /** Hex SHA-256 of what the file means for the study: all but name, search and layout. */
  readonly hash: string;
}

/** The sections that decide what layers, knobs and metrics there are. */
type ParsedSections = Pick<SpaceFile, 'model' | 'data' | 'baseline' | 'trial' | 'teacher' | 'latency'>;

/**
 * Sections that are not complete in the file: what each is in full, from all of them and from what is written in the file. Asked
 * in this order. Its NasErrors are shown at the section.
 */
export type Settle = Readonly<
  Record<'model' | 'baseline' | 'teacher', (parsed: ParsedSections, written: Json) => Json | undefined>
>;

export interface ParseOptions extends KnownNames {
  readonly sections: Sections;
  readonly settle?: Settle;
  /** Asked once the sections are known to be right. Its NasErrors are shown at `model:`. */
  readonly catalogOf: (parsed: ParsedSections) => Catalog;
}

/**
 * Reads a space file. Every fault of the file is a NasError with a code that begins with SPACE_, exit code 2, the place (`at`,
 * `frame`), and in `facts.problems` whatever else was found along with it.
 */
export function parseSpace(text: string, file: string, options: ParseOptions): SpaceFile {
  const { source, root: all } = readYaml(text, file);
  const root = withoutEmpty(all);
  const problems = new Problems(source);
  const outline = parseSection(fileSchema(options.sections, options), root.value, root, '', problems);
  const trial = readTrial(trialNode(root), options.sections.recipe, problems);
  problems.throwIfAny();
  const { name, model, data, baseline, teacher, latency, firstAid, search } = outline as Outline;
  const optional = { ...(teacher === undefined ? {} : { teacher }), ...(latency === undefined ? {} : { latency }) };
  const whole = { model, data, baseline, trial: trial!.recipe, ...optional };
  const parsed = settled(options, whole, source, root);
  const catalog = askCatalog(options, parsed, source, root);
  const goal = readGoal(root, source, catalog.metrics, problems);
  const space = readSpace(root, trial!, catalog, problems);
  const training = catalog.techniques.flatMap(({ name, trains }) => (trains ? [name] : []));
  const extent = { epochs: mostEpochs(parsed.trial, space), trains: trainsAnything(space, training) };
  const target = readSearch(root, source, { settings: search, ...extent, metrics: catalog.metrics }, problems);
  problems.throwIfAny();
  if (space.parameters.length === 0) throw nothingToSearch(source, root);
  const aid = firstAid ? { firstAid } : {};
  const hash = createHash('sha256').update(stableStringify({ ...parsed, ...aid, goal, space } as unknown as Json));
  const own = { name: name ?? studyName(file), file, text, ...aid, hash: hash.digest('hex') };
  return { ...own, ...parsed, goal, space, search, target, ...extent };
}

type Outline = Pick<SpaceFile, 'model' | 'data' | 'baseline' | 'teacher' | 'latency' | 'firstAid' | 'search'> & {
  readonly name: string | undefined;
};

/** A key with nothing behind it (all of it commented out, say) counts as absent. */
function withoutEmpty(root: Located): Located {
  if (!root.entries) return root;
  const entries = new Map([...root.entries].filter(([, entry]) => entry.value.value !== null));
  return { ...root, entries, value: Object.fromEntries([...entries].map(([key, entry]) => [key, entry.value.value])) };
}

/** `trial:`, or an empty map where the file has none. */
function trialNode(root: Located): Located {
  const node = root.entries?.get('trial')?.value;
  return node ?? { start: root.start, end: root.start, value: {}, entries: new Map(), size: 1 };
}

/** The sections in full. */
function settled({ settle }: ParseOptions, parsed: ParsedSections, source: Source, root: Located): ParsedSections {
  let whole = parsed;
  for (const name of ['model', 'baseline', 'teacher'] as const) {
    const value = shownAt(name, source, root, () => settle?.[name](whole, root.value));
    if (value !== undefined) whole = { ...whole, [name]: value };
  }
  return whole;
}

const askCatalog = ({ catalogOf }: ParseOptions, parsed: ParsedSections, source: Source, root: Located): Catalog =>
  shownAt('model', source, root, () => catalogOf(parsed));

/** Errors of `work` as errors of a section of the file. */
function shownAt<T>(section: string, source: Source, root: Located, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof NasError) || error.at) throw error;
    throw errorAt(source, error.code, `${section}: ${error.message}`, root.entries?.get(section)?.value ?? root, error.facts);
  }
}

function readSpace(root: Located, trial: TrialSection, catalog: Catalog, problems: Problems): Space {
  const recipe = recipeParameters(trial, catalog, problems);
  return buildSpace(recipe, readLayers(root.entries?.get('layers')?.value, catalog, problems), catalog);
}

function nothingToSearch(source: Source, root: Located): NasError {
  const place = root.entries?.get('layers')?.key ?? { start: root.start, end: root.start + 1 };
  const message = 'nothing to search: no knob has two values. Give a knob a list, for example prune: { keep: [0.5, 1] }';
  return errorAt(source, 'SPACE_EMPTY', message, place);
}

/** `spaces/my net.yaml` → `my-net` */
function studyName(file: string): string {
  const stem = basename(file)
    .replace(/\.ya?ml$/i, '')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '');
  return stem.slice(0, 64) || 'study';
}
