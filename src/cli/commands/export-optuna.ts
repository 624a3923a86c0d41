import type { Candidate } from '../../core/candidate.ts';
import type { Json } from '../../core/json.ts';
import type { Constraint, Goal, Metrics } from '../../core/objective.ts';
import type { Trial } from '../../core/trial.ts';
import { contains, levelAt, levelCount } from '../../search/space/domain.ts';
import type { Domain, Parameter } from '../../search/space/space.ts';
import {
  type OptunaDistribution,
  type OptunaParameter,
  type OptunaStudy,
  type OptunaTrial,
  readStudy,
  type StudyView,
  writeOptuna,
} from '../../store/index.ts';
import type { StudyOptions } from '../options.ts';
import { print, printJson } from '../output.ts';
import { factsOf, withStudy } from '../study-facts.ts';

/** `nas export --optuna FILE`: the study for people who look at searches with Optuna or optuna-dashboard. */
export function exportOptuna(options: StudyOptions & { readonly optuna: string; readonly json?: boolean }): void {
  const view = withStudy(options, (store, record) => readStudy(store, record.name));
  const study = optunaStudy(view);
  writeOptuna(options.optuna, study);
  if (options.json) printJson({ file: options.optuna, study: study.name, trials: study.trials.length });
  else print(`${options.optuna}  ${study.trials.length} trials. Open it with: optuna-dashboard sqlite:///${options.optuna}`);
}

function optunaStudy({ record, trials }: StudyView): OptunaStudy {
  const { goal, space, versions } = factsOf(record);
  return {
    name: record.name,
    objectives: goal.objectives,
    attributes: { seed: record.seed, controller: record.controller, space: record.space.text, versions: { ...versions } },
    trials: trials.map((trial) => optunaTrial(trial, goal, space.parameters)),
  };
}

const states = { done: 'COMPLETE', failed: 'FAIL', running: 'RUNNING', waiting: 'WAITING', aborted: 'WAITING' } as const;

function optunaTrial(trial: Trial, goal: Goal, parameters: readonly Parameter[]): OptunaTrial {
  const { number, candidate, origin, key } = trial;
  return {
    state: states[trial.state],
    ...timesOf(trial),
    parameters: parameters.flatMap((parameter) => optunaParameter(parameter, candidate)),
    ...(trial.state === 'done' ? measured(trial.metrics, goal) : {}),
    intermediate: trial.state === 'done' ? curveOf(trial.details) : [],
    attributes: { trial: number, origin, key, ...whatHappened(trial) },
  };
}

function timesOf(trial: Trial): Pick<OptunaTrial, 'startedAt' | 'finishedAt'> {
  if (trial.state === 'running') return { startedAt: trial.startedAt };
  if (trial.state !== 'done' && trial.state !== 'failed') return {};
  return { startedAt: trial.finishedAt - trial.seconds * 1000, finishedAt: trial.finishedAt };
}

function whatHappened(trial: Trial): Record<string, Json> {
  if (trial.state === 'done') return { metrics: trial.metrics, sha256: trial.artefact?.sha256 ?? null };
  return trial.state === 'failed' ? { code: trial.code, message: trial.message } : {};
}

const measured = (metrics: Metrics, { objectives, constraints }: Goal): Pick<OptunaTrial, 'values' | 'constraints'> => ({
  values: objectives.map(({ metric }) => metrics[metric] ?? 0),
  ...(constraints.length > 0 ? { constraints: constraints.map((constraint) => excess(metrics, constraint)) } : {}),
});

/** How far a bound is passed, in the metric's unit; at most 0 where it is kept. */
function excess(metrics: Metrics, { metric, op, bound }: Constraint): number {
  const value = metrics[metric] ?? (op === '>=' ? -Infinity : Infinity);
  return Math.min(Number.MAX_VALUE, op === '>=' ? bound - value : value - bound);
}

/** The accuracy on training images after every epoch. */
function curveOf(details: Json | undefined): OptunaTrial['intermediate'] {
  const { curve } = (details ?? {}) as { readonly curve?: readonly { readonly epoch: number; readonly trainAccuracy: number }[] };
  return (curve ?? []).map(({ epoch, trainAccuracy }) => ({ step: epoch, value: trainAccuracy }));
}

/** Nothing for a candidate that does not set the parameter (the baseline). */
function optunaParameter({ name, domain }: Parameter, candidate: Candidate): OptunaParameter[] {
  const value = candidate[name];
  if (value === undefined || !contains(domain, value)) return [];
  const internal = domain.kind === 'choice' ? domain.values.indexOf(value) : Number(value);
  return [{ name, internal, distribution: distributionOf(domain) }];
}

function distributionOf(domain: Domain): OptunaDistribution {
  if (domain.kind === 'choice') return { name: 'CategoricalDistribution', attributes: { choices: domain.values } };
  const { min: low, step, log = false, integer = false } = domain;
  const count = levelCount(domain);
  // Optuna wants the upper end to be a whole number of steps away.
  const high = count === 'infinite' ? domain.max : Number(levelAt(domain, count - 1));
  if (integer) return { name: 'IntDistribution', attributes: { log, step: step ?? 1, low, high } };
  return { name: 'FloatDistribution', attributes: { step: step ?? null, low, high, log } };
}
