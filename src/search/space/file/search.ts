import { LineCounter } from 'yaml';
import type { MetricInfo } from '../../../core/catalog.ts';
import type { Constraint } from '../../../core/objective.ts';
import { type ScheduleSettings, scheduleProblems } from '../schedule.ts';
import { readTarget } from './goal.ts';
import { Problems } from './problems.ts';
import { type Located, locate, type Source } from './source.ts';

/** What `search:` says, beyond what its schema checks. */
interface SearchFacts {
  readonly settings: ScheduleSettings;
  /** Of the longest trial. */
  readonly epochs: number;
  /** Whether any candidate is trained. */
  readonly trains: boolean;
  readonly metrics: readonly MetricInfo[];
}

/** Checks `search:` against the rest of the file; returns the target, in the metrics' own units. */
export function readSearch(root: Located, source: Source, facts: SearchFacts, problems: Problems): readonly Constraint[] {
  const { settings, epochs, trains, metrics } = facts;
  const at = (...path: (string | number)[]) => locate(root, ['search', ...path]).node;
  for (const { key, index, message } of scheduleProblems(settings, epochs)) {
    problems.add('SPACE_SCHEDULE', `search.${key}: ${message}`, index === undefined ? at(key) : at(key, index));
  }
  if (settings.scheduler !== undefined && settings.scheduler !== 'none' && !trains)
    problems.add('SPACE_SCHEDULE', `search.scheduler: ${noTraining}`, at('scheduler'));
  const target = root.entries?.get('search')?.value.entries?.get('target')?.value;
  return target ? readTarget(target, source, metrics, problems, 'search.target') : [];
}

export const noTraining =
  'no candidate of this space is trained, so there is nothing to stop early. Leave the scheduler out, or search a technique that trains (prune).';

/** A target as it is typed on a command line. `name`: what the messages call it. Throws NasError like a file. */
export function parseTarget(text: string, name: string, metrics: readonly MetricInfo[]): readonly Constraint[] {
  const source: Source = { file: name, text, lines: new LineCounter() };
  source.lines.addNewLine(0);
  const problems = new Problems(source);
  const target = readTarget({ start: 0, end: text.length, value: text, size: 1 }, source, metrics, problems, 'target');
  problems.throwIfAny();
  return target;
}
