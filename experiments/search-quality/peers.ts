import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Candidate } from '../../src/core/candidate.ts';
import { type Constraint, losses, type Metrics } from '../../src/core/objective.ts';
import type { Problem } from '../../src/search/bench/problem.ts';
import { fromUnit, isOrdered, levelAt, levelCount, levelIndex, toUnit } from '../../src/search/space/domain.ts';
import type { Parameter } from '../../src/search/space/space.ts';
import { KeptRuns, type RunId } from './kept-runs.ts';

/** Each with its defaults; the fastest first. */
export const peerNames = ['optuna-nsga2', 'pymoo-nsga2', 'optuna-tpe', 'optuna-tpe-multivariate', 'optuna-gp'] as const;

export interface PeerTask {
  readonly problem: Problem;
  readonly peer: string;
  readonly seed: number;
  readonly trials: number;
  readonly anchors: boolean;
}

interface Versions {
  readonly optuna: string | null;
  readonly pymoo: string | null;
}

const isPymoo = (peer: string) => peer.startsWith('pymoo');

/** Runs of peers, kept under their versions. */
export class PeerCache {
  readonly #kept: KeptRuns;

  constructor(file: string) {
    this.#kept = new KeptRuns(file);
  }

  /** Of the peers whose runs came last. */
  get versions(): Versions {
    return {
      optuna: this.#kept.lastVersion((peer) => !isPymoo(peer)),
      pymoo: this.#kept.lastVersion(isPymoo),
    };
  }

  /** By trial; undefined where the run is not known. Without versions: of those that ran last. */
  get(task: PeerTask, versions: Versions = this.versions): (Metrics | undefined)[] | undefined {
    return this.#kept.get(runOf(task, versions));
  }

  add(task: PeerTask, versions: Versions, metrics: readonly Metrics[]): void {
    this.#kept.add(runOf(task, versions), metrics);
  }
}

function runOf({ peer, ...task }: PeerTask, { optuna, pymoo }: Versions): RunId {
  return { ...task, searcher: peer, version: String(isPymoo(peer) ? pymoo : optuna) };
}

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
      send(orderOf(task));
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
const orderOf = ({ problem, peer, seed, trials, anchors }: PeerTask) => ({
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
