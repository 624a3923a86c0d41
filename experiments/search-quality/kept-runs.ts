import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Metrics } from '../../src/core/objective.ts';
import { scalesOf } from '../../src/search/bench/compare.ts';
import type { Problem } from '../../src/search/bench/problem.ts';
import { yardstick } from '../../src/search/bench/quality.ts';
import { fingerprint } from './fingerprint.ts';

/** One search of a problem, under all that decides it. */
export interface RunId {
  readonly problem: Problem;
  readonly anchors: boolean;
  readonly searcher: string;
  readonly version: string;
  readonly trials: number;
  readonly seed: number;
}

/**
 * What is kept of a run: the trials that improved the hypervolume, on any axis (the others change no curve), with the metrics
 * that the goal names, in its order.
 */
interface Kept {
  readonly id: string;
  readonly improvements: readonly (readonly [trial: number, ...metrics: number[]])[];
}

/** Runs of searchers, kept in a file line by line: an experiment that was stopped goes on where it was. */
export class KeptRuns {
  readonly #file: string;
  readonly #known = new Map<string, Kept>();

  constructor(file: string) {
    this.#file = file;
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    for (const line of lines.filter((text) => text.startsWith('{') && text.endsWith('}'))) {
      const kept = JSON.parse(line) as Kept;
      this.#known.set(kept.id, kept);
    }
  }

  /** By trial; undefined where the run is not known. */
  get(run: RunId): (Metrics | undefined)[] | undefined {
    const kept = this.#known.get(idOf(run));
    if (!kept) return undefined;
    const metrics: (Metrics | undefined)[] = Array.from({ length: run.trials }, () => undefined);
    const names = goalMetrics(run.problem);
    for (const [trial, ...found] of kept.improvements) {
      metrics[trial] = Object.fromEntries(names.map((name, i) => [name, found[i]!]));
    }
    return metrics;
  }

  add(run: RunId, metrics: readonly (Metrics | undefined)[]): void {
    const kept = { id: idOf(run), improvements: improvementsOf(run.problem, metrics) };
    this.#known.set(kept.id, kept);
    appendFileSync(this.#file, `${JSON.stringify(kept)}\n`);
  }

  /** Of the searchers that a test picks: the version whose runs came last. */
  lastVersion(picks: (searcher: string) => boolean): string | null {
    const ids = [...this.#known.keys()].map((id) => id.split(' ') as [string, string, string, string, string]);
    return ids.findLast(([, , , searcher]) => picks(searcher))?.[4] ?? null;
  }
}

function idOf({ problem, anchors, searcher, version, trials, seed }: RunId): string {
  return [problem.name, fingerprint(problem), anchors ? 'anchors' : 'nothing', searcher, version, trials, seed].join(' ');
}

function improvementsOf(problem: Problem, metrics: readonly (Metrics | undefined)[]): Kept['improvements'] {
  const curves = scalesOf(problem).map((scale) => yardstick(problem, scale).curve(metrics));
  const improves = (trial: number) => curves.some((curve) => curve[trial]! > (curve[trial - 1] ?? 0));
  const names = goalMetrics(problem);
  return metrics.flatMap((entry, trial) =>
    entry && improves(trial) ? [[trial, ...names.map((name) => shortened(entry[name]!))] as const] : [],
  );
}

const shortened = (value: number): number => Number(value.toPrecision(7));

const goalMetrics = ({ goal }: Problem): string[] => [
  ...new Set([...goal.objectives, ...goal.constraints].map(({ metric }) => metric)),
];
