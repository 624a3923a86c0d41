import { exitCodes, NasError } from '../../core/errors.ts';
import type { Metrics } from '../../core/objective.ts';
import { type MeasuredTrial, measuredTrial } from '../../core/trial.ts';
import { formatBytes, formatDuration, formatPercent, formatPoints } from '../../dashboard/format.ts';
import type { Space } from '../../search/space/space.ts';
import { readStudy, type StudyView } from '../../store/index.ts';
import { bar } from '../bar.ts';
import { type Explanation, explain, type UndoneChoice } from '../explanation.ts';
import type { StudyOptions } from '../options.ts';
import { note, print, printJson } from '../output.ts';
import { progressLine } from '../progress-line.ts';
import { onInterrupt } from '../signals.ts';
import { factsOf, withStudy } from '../study-facts.ts';
import { type Column, table } from '../table.ts';
import { unbroken, wrapped } from '../wrap.ts';
import { findTrial } from './show.ts';

interface ExplainFlags extends StudyOptions {
  readonly quick?: boolean;
  readonly workers?: number;
  readonly json?: boolean;
}

/** `nas explain TRIAL`: what each of its choices gains and costs, found by undoing it. Returns the exit code. */
export async function explainTrial(number: number, flags: ExplainFlags): Promise<number> {
  const view = withStudy(flags, (store, record) => readStudy(store, record.name));
  const trial = measured(view, number);
  const quick = flags.quick ?? false;
  const line = progressLine();
  let stop: () => void = () => process.exit(exitCodes.interrupted);
  const interrupts = onInterrupt({ first: () => stop(), second: () => process.exit(exitCodes.interrupted) });
  try {
    const found = await explain({
      record: view.record,
      trial,
      db: flags.db,
      quick,
      workers: flags.workers,
      estimate: (runs, workers) => note(announcement(trial, runs, workers, quick)),
      prepare: ({ stage, done, total }) => line.show(stage, done, total),
      progress: (share) => line.show(quick ? 'measuring' : 'training', share, 1),
      stoppable: (stopRun) => {
        stop = stopRun;
      },
    });
    line.clear();
    if (!found) note('Stopped. What was measured is kept: the same command goes on.');
    else report(found, trial, view, flags);
    return found ? exitCodes.ok : exitCodes.interrupted;
  } finally {
    line.clear();
    interrupts.dispose();
  }
}

function measured(view: StudyView, number: number): MeasuredTrial {
  const trial = findTrial(view, number);
  const found = measuredTrial(trial);
  if (found) return found;
  const message = `trial ${number} is ${trial.state}: only a measured trial can be explained. nas ls shows the others.`;
  throw new NasError('TRIAL_NOT_DONE', message, { facts: { trial: number, state: trial.state } });
}

function announcement({ seconds }: MeasuredTrial, runs: number, workers: number, quick: boolean): string {
  const what = `${runs} ${runs === 1 ? 'network' : 'networks'} with one choice undone`;
  if (quick) return `Measuring ${what}, without training.`;
  const estimate = formatDuration((Math.ceil(runs / workers) * seconds + 2) * 1000);
  return `Training and measuring ${what}, ${workers} at a time: about ${estimate} (--quick does without training).`;
}

function report(found: Explanation, trial: MeasuredTrial, { record }: StudyView, { json, quick }: ExplainFlags): void {
  const choices = sorted(found);
  if (json) {
    const rows = choices.map((choice) => ({ ...choice, change: changes(choice, found.reference) }));
    printJson({ study: record.name, trial: trial.number, quick: quick ?? false, ...found, choices: rows });
  } else if (choices.length === 0) print(`Trial ${trial.number} is the dense network: there is no choice to undo.`);
  else {
    const { space } = factsOf(record);
    const [head, end] = [heading(found, trial, quick), meaning(found)].map((text) => wrapped(text));
    print([head, '', table(choices, columns(found, space)), '', end].join('\n'));
  }
}

const gain = (choice: UndoneChoice, reference: Metrics) => difference(choice.metrics, reference, 'accuracy');

/** What gives back most accuracy first; what failed last. */
function sorted({ choices, reference }: Explanation): readonly UndoneChoice[] {
  const key = (choice: UndoneChoice) => gain(choice, reference) ?? Number.NEGATIVE_INFINITY;
  const bytes = (choice: UndoneChoice) => choice.metrics?.['size'] ?? 0;
  return [...choices].sort((a, b) => key(b) - key(a) || bytes(a) - bytes(b));
}

const difference = (metrics: Metrics | undefined, reference: Metrics, metric: string): number | undefined => {
  const [now, before] = [metrics?.[metric], reference[metric]];
  return now === undefined || before === undefined ? undefined : now - before;
};

/** Of every metric that both have. */
const changes = ({ metrics = {} }: UndoneChoice, reference: Metrics): Metrics =>
  Object.fromEntries(
    Object.keys(metrics).flatMap((metric) => {
      const change = difference(metrics, reference, metric);
      return change === undefined ? [] : [[metric, change]];
    }),
  );

function heading({ reference, images }: Explanation, { number }: MeasuredTrial, quick: boolean | undefined): string {
  const how = quick ? 'without fine-tuning' : 'fine-tuned as the trial was';
  return [
    `Trial ${number}${quick ? ', without its fine-tuning' : ''}: accuracy ${formatPercent(reference['accuracy'])} on ${images} validation images, ${formatBytes(reference['size'])}.`,
    `With one choice undone, as the dense network has it, ${how}:`,
  ].join('\n');
}

function columns({ choices, reference }: Explanation, space: Space): Column<UndoneChoice>[] {
  const size = (choice: UndoneChoice) => Math.abs(gain(choice, reference) ?? 0);
  const most = Math.max(...choices.map(size));
  const timed = reference['latencyRatio'] !== undefined;
  return [
    { title: 'layer', cell: ({ site }) => site },
    { title: 'technique', cell: ({ technique }) => technique },
    { title: 'undone', cell: (choice) => inWords(choice, space), wraps: true },
    { title: 'points', align: 'right', cell: (choice) => choice.failure ?? formatPoints(gain(choice, reference)) },
    { title: '', cell: (choice) => bar(most > 0 ? size(choice) / most : 0, 12), spare: true },
    { title: 'bytes', align: 'right', cell: ({ metrics }) => more(difference(metrics, reference, 'size'), formatBytes) },
    ...(timed ? [{ title: 'latency', align: 'right' as const, cell: (choice: UndoneChoice) => slower(choice, reference) }] : []),
  ];
}

const more = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined ? '—' : value > 0 ? `+${format(value)}` : format(value);

/** Both were measured beside the dense network, so that the machine's mood cancels out. */
function slower({ metrics }: UndoneChoice, reference: Metrics): string {
  const [now, before] = [metrics?.['latencyRatio'], reference['latencyRatio']];
  return now === undefined || before === undefined ? '—' : more(now / before - 1, (share) => formatPercent(share, 0));
}

/** The knobs that the space searches at this place; all, where it leaves no choice. */
function inWords({ technique, site, settings }: UndoneChoice, { parameters }: Space): string {
  const searched = parameters.flatMap(({ target }) =>
    target.kind === 'technique' && target.technique === technique && target.site === site ? [target.knob] : [],
  );
  const shown = Object.entries(settings).filter(([knob]) => searched.length === 0 || searched.includes(knob));
  return shown.map(([knob, value]) => unbroken(`${knob} ${value}`)).join(', ');
}

/** How to read it, with the difference that chance alone makes: the standard error of an accuracy over so many images. */
function meaning({ reference, images }: Explanation): string {
  const { accuracy, latencyRatio } = reference;
  const chance = accuracy === undefined ? undefined : Math.sqrt((accuracy * (1 - accuracy)) / images);
  return [
    `points: accuracy that comes back when the choice is undone; bytes${latencyRatio === undefined ? '' : ', latency'}: what that costs.`,
    ...(chance === undefined ? [] : [`Differences below ${(100 * chance).toFixed(2)} points may be chance: one standard error.`]),
  ].join('\n');
}
