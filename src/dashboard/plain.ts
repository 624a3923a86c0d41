import type { LiveEvent } from '../core/event.ts';
import type { Goal } from '../core/objective.ts';
import { endsOf, isStoppedByHand, type Progress } from '../core/trial.ts';
import { counted, outcomes } from '../core/words.ts';
import type { Analyse, Budget } from './budget.ts';
import { formatDuration, formatMetric, formatPercent, metricFormat } from './format.ts';
import { missedBy, missText } from './missed.ts';
import type { Reporter, Write } from './ndjson.ts';
import { bestSoFar, bestText, countTrials, elapsed, remaining, shownMetrics } from './panel-props.ts';
import { oneLine } from './text-width.ts';
import { emptyModel, foldSince, type ViewModel } from './view-model.ts';

export interface PlainOptions {
  readonly write: Write;
  readonly goal: Goal;
  readonly budget: Budget;
  readonly analyse: Analyse;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds since the epoch: what is older belongs to sessions that have ended; by default, now. */
  readonly since?: number;
}

/** Lines about the work that trials wait for come at most this often. */
const progressMs = 5000;

/**
 * Plain lines for logs and pipes: one per finished trial, no escape sequences. Events from before it was made (those of
 * earlier sessions) are counted, not printed.
 */
export function plainReporter(options: PlainOptions): Reporter {
  const openedAt = options.now();
  const since = options.since ?? openedAt;
  let model = emptyModel;
  let pending: LiveEvent[] = [];
  /** Trials run: what is told of their steps shows nowhere. */
  let working = false;
  let paused = false;
  let reported = { stage: '', at: Number.NEGATIVE_INFINITY };
  const { objectives, constraints } = options.goal;
  const told = [...new Set(['accuracy', 'size', ...[...objectives, ...constraints].map(({ metric }) => metric)])];
  const print = (text: string) => options.write(`${oneLine(text)}\n`);
  const report = (event: LiveEvent) => {
    if (event.type === 'paused' && event.paused !== paused) print(event.paused ? 'paused' : 'goes on');
    if (event.type === 'paused') paused = event.paused;
    if (event.type === 'budget') print(`from now on ${budgetText(event)}`);
    if (event.type === 'log') print(event.level === 'info' ? event.message : `${event.level}: ${event.message}`);
    if (event.type === 'finished' && event.outcome.state !== 'aborted') print(trialLine(model, event.trial, options));
    if (event.type === 'session') print(event.phase === 'begin' ? beginLine(model, options) : endLine(model, options));
    if (event.type !== 'progress' || !model.preparation) return;
    const { stage } = event.progress;
    if (stage === reported.stage && event.at - reported.at < progressMs) return;
    reported = { stage, at: event.at };
    print(progressLine(event.progress));
  };
  return {
    emit(event) {
      if (event.type === 'started') working = true;
      else if (event.type === 'session' || event.type === 'holder') working = false;
      if (working && event.type === 'progress') return;
      pending.push(outlineOf(event, told));
      if (event.at < openedAt || unprinted.has(event.type)) return;
      model = foldSince(model, pending, since, 'given-up');
      pending = [];
      report(event);
    },
  };
}

/** Taken in with the next line that is printed: a study of many trials is not gone over for every event. */
const unprinted: ReadonlySet<LiveEvent['type']> = new Set(['asked', 'continued', 'started', 'stopped', 'snapshot', 'queued']);

/** Lines tell metrics and states. Of the rest nothing is kept: a search of weeks would fill the memory with it. */
function outlineOf(event: LiveEvent, names: readonly string[]): LiveEvent {
  if (event.type === 'asked') return { ...event, candidate: nothing, key: '' };
  if (event.type !== 'finished' || event.outcome.state !== 'done') return event;
  const { metrics, seconds, rung } = event.outcome;
  const told = Object.fromEntries(names.flatMap((name) => (metrics[name] === undefined ? [] : [[name, metrics[name]]])));
  return { ...event, outcome: { state: 'done', metrics: told, seconds, ...(rung ? { rung } : {}) } };
}

const nothing = {};

/** An earlier session may have been given more trials, or fewer, while it ran. */
function beginLine(model: ViewModel, { budget }: PlainOptions): string {
  const workers = budget.workers === undefined ? '' : `, ${budget.workers} at once`;
  // Not those that go on to another rung: they are waiting.
  const { over } = countTrials(model, budget);
  const before = over === 0 ? '' : `, ${over} of them already finished`;
  const trials = model.session.budget?.trials ?? budget.trials;
  return `${counted(trials, 'trial')}${workers}${before}`;
}

/** `20 trials in all, none that starts after 5 min 00 s`. */
const budgetText = ({ trials, seconds }: Extract<LiveEvent, { type: 'budget' }>): string =>
  `${trials} trials in all${seconds === null ? '' : `, none that starts after ${formatDuration(seconds * 1000)}`}`;

function progressLine({ stage, done, total, epoch, epochs, loss, accuracy }: Progress): string {
  const parts = [stage, epoch === undefined ? '' : `epoch ${epoch}${epochs === undefined ? '' : `/${epochs}`}`];
  parts.push(total > 0 ? formatPercent(done / total, 0) : '');
  if (loss !== undefined) parts.push(`loss ${loss.toFixed(3)}`);
  if (accuracy !== undefined) parts.push(`accuracy ${formatPercent(accuracy, 1)}`);
  return parts.filter(Boolean).join('  ');
}

/** `12/101  trial 11  accuracy 91.23 %  size 87.4 kB  on the front  4 min 10 s left`. */
function trialLine(model: ViewModel, number: number, options: PlainOptions): string {
  const { goal, budget, analyse, now } = options;
  const trial = model.trials.get(number)!;
  const { over, total } = countTrials(model, budget);
  const parts = [`${over}/${total}`, number === 0 ? 'baseline' : `trial ${number}`];
  if (isStoppedByHand(trial)) parts.push('stopped by hand');
  else if (trial.state === 'failed') parts.push(`failed: ${trial.code}: ${trial.message}`);
  if (trial.state === 'done') {
    parts.push(
      ...shownMetrics(goal).map((metric) => `${metricFormat(metric).label} ${formatMetric(metric, trial.metrics[metric])}`),
    );
    if (trial.rung && trial.rung.fidelity < 1) parts.push(`at ${formatPercent(trial.rung.fidelity, 0)} of its training`);
    if (analyse(model.finished, []).front.includes(number)) parts.push('on the front');
    const missed = missedBy(trial.metrics, goal.constraints).map((constraint) => missText(trial.metrics, constraint));
    if (missed.length > 0) parts.push(`misses ${missed.join(', ')}`);
  }
  const left = remaining(model, budget, now());
  if (left !== undefined && left > 0) parts.push(`${formatDuration(left)} left`);
  return parts.join('  ');
}

function endLine(model: ViewModel, { goal, analyse, now }: PlainOptions): string {
  const ends = endsOf(model.trials.values());
  const { front } = analyse(model.finished, []);
  const best = bestSoFar(model.finished, goal);
  const ended = `ended after ${formatDuration(elapsed(model, now()))}: ${outcomes(ends)}, ${front.length} on the front`;
  return best ? `${ended}, best ${bestText(best)} (trial ${best.trial})` : ended;
}
