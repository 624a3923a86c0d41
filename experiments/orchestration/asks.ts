import { keyFunction, loadSpace, predictFunction } from '../../src/cli/compose.ts';
import type { Candidate } from '../../src/core/candidate.ts';
import { pick } from '../../src/core/errors.ts';
import type { Metrics } from '../../src/core/objective.ts';
import { createRng } from '../../src/core/rng.ts';
import type { ModelSpec } from '../../src/network/models/index.ts';
import { controllers } from '../../src/search/controllers/index.ts';
import { type Spread, spreadOf } from './spread.ts';

/** The asks of a search for a network, with the keys and the exact bytes and MACs that it works out for its candidates. */
export interface NetworkAsks {
  readonly space: string;
  readonly controller: string;
  readonly trials: number;
  /** Milliseconds. */
  readonly ask: Spread;
}

const data = {
  shape: [1, 28, 28],
  classes: Array.from({ length: 10 }, (_, i) => `class ${i}`),
  normalization: { mean: [0.5], std: [0.5] },
} as const;

/** Accuracies made up from bytes and noise: how long an ask takes does not depend on how true they are. */
export function asksOf(space: string, controller: string, trials: number): NetworkAsks {
  const file = loadSpace(space);
  const model = file.model as unknown as ModelSpec;
  const [keyOf, predict] = [keyFunction(model, file.space), predictFunction(model, file.space, data)];
  const context = { space: file.space, goal: file.goal, seed: 'asks', keyOf, predict };
  const asked = pick('controller', controllers, controller).create(context);
  const rng = createRng('accuracy');
  const metricsOf = (candidate: Candidate): Metrics => {
    const exact = predict(candidate)!;
    return { ...exact, accuracy: 0.9 - 0.1 * Math.exp(-exact['size']! / 30_000) - 0.02 * rng.uniform() };
  };
  const times: number[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const start = performance.now();
    const candidate = asked.ask(trial);
    times.push(performance.now() - start);
    if (!candidate) break;
    asked.tell({ trial, candidate, metrics: metricsOf(candidate) });
  }
  return { space, controller, trials, ask: spreadOf(times) };
}
