import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Candidate } from '../../src/core/candidate.ts';
import { type Constraint, losses, type Metrics } from '../../src/core/objective.ts';
import { scalesOf } from '../../src/search/bench/compare.ts';
import type { Problem } from '../../src/search/bench/problem.ts';
import { yardstick } from '../../src/search/bench/quality.ts';
import { fromUnit, isOrdered, levelAt, levelCount, levelIndex, toUnit } from '../../src/search/space/domain.ts';
import type { Parameter } from '../../src/search/space/space.ts';
import { fingerprint } from './fingerprint.ts';

/** Each with its defaults; the fastest first. */
export const peerNames = ['optuna-nsga2', 'pymoo-nsga2', 'optuna-tpe', 'optuna-tpe-multivariate', 'optuna-gp'] as const;

export interface PeerTask {
  readonly problem: Problem;
  readonly peer: string;
  readonly seed: number;
  readonly trials: number;
  readonly anchors: boolean;
}

/**
 * What is kept of a run: the trials that improved the hypervolume, on any axis (the others change no curve), with the metrics
 * that the goal names, in its order.
 */
interface Kept {
  readonly id: string;
  readonly improvements: readonly (readonly [trial: number, ...metrics: number[]])[];
}

interface Versions {
  readonly optuna: string | null;
  readonly pymoo: string | null;
}

/** Runs of peers, kept in a file line by line under all that decides them. */
export class PeerCache {
  readonly #file: string;
  readonly #known = new Map<string, Kept>();
  #last: Versions = { optuna: null, pymoo: null };

  constructor(file: string) {
    this.#file = file;
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    for (const line of lines.filter((text) => text.startsWith('{') && text.endsWith('}'))) {
      const kept = JSON.parse(line) as Kept;
      this.#keep(kept);
    }
  }

  /** Of the peers whose runs came last. */
  get versions(): Versions {
    return this.#last;
  }

  /** By trial; undefined where the run is not known. Without versions: of those that ran last. */
  get(task: PeerTask, versions: Versions = this.#last): (Metrics | undefined)[] | undefined {
    const kept = this.#known.get(idOf(task, versions));
    if (!kept) return undefined;
    const metrics: (Metrics | undefined)[] = Array.from({ length: task.trials }, () => undefined);
    const names = goalMetrics(task.problem);
    for (const [trial, ...found] of kept.improvements) {
      metrics[trial] = Object.fromEntries(names.map((name, i) => [name, found[i]!]));
    }
    return metrics;
  }

  add(task: PeerTask, versions: Versions, metrics: readonly Metrics[]): void {
    const kept = { id: idOf(task, versions), improvements: improvementsOf(task.problem, metrics) };
    this.#keep(kept);
    appendFileSync(this.#file, `${JSON.stringify(kept)}\n`);
  }

  #keep(kept: Kept): void {
    const [, , , peer, version] = kept.id.split(' ') as [string, string, string, string, string];
    this.#known.set(kept.id, kept);
    this.#last = { ...this.#last, [peer.startsWith('pymoo') ? 'pymoo' : 'optuna']: version };
  }
}

function idOf({ problem, peer, seed, trials, anchors }: PeerTask, versions: Versions): string {
  const version = peer.startsWith('pymoo') ? versions.pymoo : versions.optuna;
  return [problem.name, fingerprint(problem), anchors ? 'anchors' : 'nothing', peer, version, trials, seed].join(' ');
}

function improvementsOf(problem: Problem, metrics: readonly Metrics[]): Kept['improvements'] {
  const curves = scalesOf(problem).map((scale) => yardstick(problem, scale).curve(metrics));
  const improves = (trial: number) => curves.some((curve) => curve[trial]! > (curve[trial - 1] ?? 0));
  const names = goalMetrics(problem);
  return metrics.flatMap((entry, trial) =>
    improves(trial) ? [[trial, ...names.map((name) => shortened(entry[name]!))] as const] : [],
  );
}

const shortened = (value: number): number => Number(value.toPrecision(7));

const goalMetrics = ({ goal }: Problem): string[] => [
  ...new Set([...goal.objectives, ...goal.constraints].map(({ metric }) => metric)),
];

export interface PeerProcess {
  readonly versions: Versions;
  run(task: PeerTask): Promise<Metrics[]>;
  close(): void;
}

/** Starts peers.py on one thread; undefined where Python is missing. */
export async function startPeers(python: string): Promise<PeerProcess | undefined> {
  const script = fileURLToPath(new URL('./peers.py', import.meta.url));
  const env = { ...process.env, OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'], env });
  const missing = new Promise<undefined>((resolve) => child.once('error', () => resolve(undefined)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T | undefined> => {
    const line = await lines.next();
    return line.done ? undefined : (JSON.parse(line.value) as T);
  };
  const versions = await Promise.race([answer<Versions>(), missing]);
  if (!versions) return undefined;
  const send = (message: unknown) => child.stdin.write(`${JSON.stringify(message)}\n`);
  return {
    versions,
    async run(task) {
      const metrics: Metrics[] = [];
      send(runOf(task));
      for (;;) {
        const said = await answer<{ ask?: Record<string, number>; end?: true }>();
        if (!said) throw new Error(`${task.peer} ended before its work on ${task.problem.name} was done`);
        if (!said.ask) return metrics.slice(0, task.trials);
        const measured = task.problem.measure(decode(task.problem, said.ask));
        metrics.push(measured);
        send(resultOf(task.problem, measured));
      }
    },
    close: () => child.stdin.end(),
  };
}

/** Exactly our domains: ordered levels as whole numbers, unordered choices as choices, ranges by their unit position. */
const runOf = ({ problem, peer, seed, trials, anchors }: PeerTask) => ({
  peer,
  seed,
  trials,
  parameters: problem.space.parameters.map(({ name, domain }) => {
    const count = levelCount(domain);
    if (count === 'infinite') return { name, kind: 'float', high: 1 };
    return { name, kind: isOrdered(domain) ? 'int' : 'choice', high: count - 1 };
  }),
  objectives: problem.goal.objectives.length,
  constraints: problem.goal.constraints.length,
  anchors: anchors ? problem.anchors.map((candidate) => encode(problem, candidate)) : [],
});

const encode = ({ space }: Problem, candidate: Candidate): Record<string, number> =>
  Object.fromEntries(space.parameters.map(({ name, domain }) => [name, numberOf({ domain }, candidate[name]!)]));

const numberOf = ({ domain }: Pick<Parameter, 'domain'>, value: Candidate[string]): number =>
  levelCount(domain) === 'infinite' ? toUnit(domain, value) : levelIndex(domain, value);

const decode = ({ space }: Problem, asked: Record<string, number>): Candidate =>
  Object.fromEntries(
    space.parameters.map(({ name, domain }) => [
      name,
      levelCount(domain) === 'infinite' ? fromUnit(domain, asked[name]!) : levelAt(domain, asked[name]!),
    ]),
  );

const resultOf = ({ goal }: Problem, metrics: Metrics) => ({
  losses: losses(metrics, goal.objectives),
  violations: goal.constraints.map((constraint) => missOf(metrics, constraint)),
});

/** Above 0 where the constraint is missed, relative to its bound. */
function missOf(metrics: Metrics, { metric, op, bound }: Constraint): number {
  const miss = op === '>=' ? bound - metrics[metric]! : metrics[metric]! - bound;
  return miss / Math.max(Math.abs(bound), 1e-12);
}
