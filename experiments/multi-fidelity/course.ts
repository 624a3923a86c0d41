import type { Goal, Metrics } from '../../src/core/objective.ts';
import { losses } from '../../src/core/objective.ts';
import { ParetoArchive } from '../../src/search/study/pareto.ts';
import { hypervolumeFrame, hypervolumeIn } from '../../src/search/study/progress.ts';
import { openStore } from '../../src/store/index.ts';

/** One measured file: how many epochs were trained for it, beyond what an earlier rung had. */
interface Step {
  readonly epochs: number;
  readonly metrics: Metrics;
}

export interface Course {
  readonly trials: number;
  readonly goal: Goal;
  /** In the order in which they ended. */
  readonly steps: readonly Step[];
  /** First metrics of the trials that every run begins with. */
  readonly initial: readonly Metrics[];
}

export interface Point {
  readonly epochs: number;
  readonly hypervolume: number;
}

export function courseOf(db: string): Course {
  const store = openStore(db, { mode: 'read' });
  try {
    const [study] = store.list();
    const facts = study!.facts as unknown as {
      readonly goal: Goal;
      readonly sections: { readonly trial: { readonly epochs: number } };
    };
    const [before, origins, initial, steps] = [
      new Map<number, number>(),
      new Map<number, string>(),
      [] as Metrics[],
      [] as Step[],
    ];
    for (const event of store.events(study!.name)) {
      if (event.type === 'asked') origins.set(event.trial, event.origin);
      if (event.type !== 'finished' || event.outcome.state !== 'done') continue;
      const { metrics, rung, details } = event.outcome;
      const trained = (details as { readonly curve: readonly unknown[] }).curve.length > 0;
      const reached = rung?.epochs ?? (trained ? facts.sections.trial.epochs : 0);
      if (origins.get(event.trial) !== study!.controller && !before.has(event.trial)) initial.push(metrics);
      steps.push({ epochs: reached - (before.get(event.trial) ?? 0), metrics });
      before.set(event.trial, reached);
    }
    return { trials: origins.size, goal: facts.goal, steps, initial };
  } finally {
    store.close();
  }
}

/** How the hypervolume of both grew with the epochs, in the frame of the first one. */
export function hypervolumes(first: Course, second: Course): [Point[], Point[]] {
  const frame = hypervolumeFrame(first.initial, first.goal.objectives, new Set(['size']))!;
  const grow = ({ steps, goal }: Course): Point[] => {
    const archive = new ParetoArchive<Metrics>();
    let epochs = 0;
    return steps.map(({ metrics, epochs: more }) => {
      epochs += more;
      archive.insert({ losses: losses(metrics, goal.objectives), violation: 0, value: metrics });
      return {
        epochs,
        hypervolume: hypervolumeIn(
          frame,
          archive.front().map(({ value }) => value),
        ),
      };
    });
  };
  return [grow(first), grow(second)];
}
