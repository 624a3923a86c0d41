import type { Json } from '../../core/json.ts';
import type { Space } from './space.ts';

/** How trials are scheduled, as a file or a command line says it. Epochs are those of the longest trial. */
export interface ScheduleSettings {
  readonly scheduler?: string | undefined;
  /** One of so many trials goes on from a rung. */
  readonly eta?: number | undefined;
  /** Epochs at which trials are measured, rising; the whole training follows by itself. */
  readonly rungs?: readonly number[] | undefined;
  /** Epochs of the first rung; the others follow by eta. */
  readonly minEpochs?: number | undefined;
}

export interface ScheduleProblem {
  readonly key: 'eta' | 'rungs' | 'minEpochs';
  /** Of the rung. */
  readonly index?: number;
  readonly message: string;
}

export const defaultEta = 3;
/** Where nothing is said: the whole training, and so many rungs before it. */
const defaultHalvings = 2;

/** What is wrong with these settings for trainings of so many epochs. */
export function scheduleProblems({ eta, rungs, minEpochs }: ScheduleSettings, epochs: number): ScheduleProblem[] {
  const problems: ScheduleProblem[] = [];
  if (eta !== undefined && !(eta >= 2)) problems.push({ key: 'eta', message: `must be at least 2, found ${eta}` });
  for (const [index, rung] of (rungs ?? []).entries()) {
    const before = rungs![index - 1] ?? 0;
    if (!(rung > before))
      problems.push({
        key: 'rungs',
        index,
        message: index === 0 ? `must be above 0, found ${rung}` : `must rise: ${rung} after ${before}`,
      });
    else if (rung > epochs)
      problems.push({ key: 'rungs', index, message: `${rung} epochs, but a trial is trained for ${epochs} (trial.epochs)` });
  }
  if (rungs && minEpochs !== undefined)
    problems.push({ key: 'minEpochs', message: 'says the same as rungs: leave one of them out' });
  else if (minEpochs !== undefined && !(minEpochs > 0 && minEpochs < epochs))
    problems.push({
      key: 'minEpochs',
      message: `must be above 0 and below the ${epochs} epochs of a trial (trial.epochs), found ${minEpochs}`,
    });
  return problems;
}

/** The rungs as shares of the full training, rising, the last one 1. The settings have no problems. */
export function rungShares({ eta = defaultEta, rungs, minEpochs }: ScheduleSettings, epochs: number): number[] {
  if (rungs) return [...new Set([...rungs.map((rung) => rung / epochs), 1])];
  const least = minEpochs === undefined ? eta ** -defaultHalvings : minEpochs / epochs;
  const halvings = Math.max(1, Math.floor(Math.log(1 / least) / Math.log(eta) + 1e-9));
  return Array.from({ length: halvings + 1 }, (_, i) => eta ** (i - halvings));
}

/** The most epochs that a trial of the space is trained for. `trial`: the file's section, with its defaults. */
export function mostEpochs(trial: Json, { parameters }: Space): number {
  const domain = parameters.find(({ name }) => name === 'trial.epochs')?.domain;
  if (!domain) return (trial as { readonly epochs: number }).epochs;
  return domain.kind === 'range' ? domain.max : Math.max(...domain.values.map(Number));
}

/** Whether any candidate of the space is trained, given the techniques that train. */
export function trainsAnything({ parameters, fixed }: Space, training: readonly string[]): boolean {
  const used = parameters.flatMap(({ target }) => (target.kind === 'technique' ? [target.technique] : []));
  return [...used, ...Object.keys(fixed.techniques)].some((name) => training.includes(name));
}
