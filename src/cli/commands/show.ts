import type { Plan, Value } from '../../core/candidate.ts';
import { NasError } from '../../core/errors.ts';
import { duplicatesIn, type MeasuredTrial, measuredTrial, shownState, type Trial } from '../../core/trial.ts';
import { formatCount, formatMetric, formatPercent } from '../../dashboard/format.ts';
import { missedBy, missText } from '../../dashboard/missed.ts';
import type { Row } from '../../export/tables/table.ts';
import type { LatencyResult } from '../../network/metrics/latency.ts';
import { readStudy, type StudyView } from '../../store/index.ts';
import type { WaysRecord } from '../../trial/measure.ts';
import { aidLines } from '../aid-lines.ts';
import { classesOf, type RecordedRecall } from '../classes.ts';
import { meaningOf } from '../meaning.ts';
import type { LookOptions } from '../options.ts';
import { print, printCsv, printJson } from '../output.ts';
import { factsOf, withStudy } from '../study-facts.ts';
import { table } from '../table.ts';
import { unbroken, wrapped } from '../wrap.ts';

/** `nas show <trial>`: one trial, with the choices it made layer by layer. */
export function show(number: number, options: LookOptions): void {
  const view = withStudy(options, (store, record) => readStudy(store, record.name));
  const trial = findTrial(view, number);
  const plan = meaningOf(factsOf(view.record).space).plan(trial.candidate);
  const duplicateOf = duplicatesIn(view.trials).get(number);
  const facts = { favourite: view.favourites.has(number), ...(duplicateOf === undefined ? {} : { duplicateOf }) };
  if (options.json) printJson({ ...trial, ...facts, plan });
  else if (options.csv) printCsv(settingRows(plan));
  else
    print(
      [
        ...heading(trial, duplicateOf, view).map((line) => wrapped(line, '  ')),
        ...(view.favourites.has(number) ? ['★ a favourite'] : []),
        '',
        ...metricLines(trial),
        '',
        choices(plan),
      ].join('\n'),
    );
}

export function findTrial({ trials, record }: StudyView, number: number): Trial {
  const trial = trials[number];
  if (trial) return trial;
  const known = trials.length === 0 ? 'It has none yet.' : `It has 0 to ${trials.length - 1}.`;
  throw new NasError('TRIAL_MISSING', `study "${record.name}" has no trial ${number}. ${known}`, {
    facts: { study: record.name, trial: number, trials: trials.length },
  });
}

function heading(trial: Trial, duplicateOf: number | undefined, view: StudyView): string[] {
  const sameFile =
    duplicateOf === undefined ? [] : [`its file is that of trial ${duplicateOf}, which stands for both on the front`];
  const first = `trial ${trial.number}: ${shownState(trial)} (${trial.origin})`;
  switch (trial.state) {
    case 'failed':
      return [first, `${trial.code}: ${trial.message}`, ...(trial.earlier ? keptLines(trial.earlier, view) : []), ...sameFile];
    case 'aborted':
      return [first, trial.reason];
    case 'done':
      return [
        first,
        ...rungLines(trial),
        madeLine(trial),
        ...missLines(trial, view),
        ...aidLines(trial.details),
        ...sameFile,
        ...waysLines(trial),
        ...recallLines(trial, view),
      ];
    case 'running':
    case 'waiting':
      return [first];
    default:
      return trial satisfies never;
  }
}

/** What a trial had when it failed at a later rung. */
const keptLines = (earlier: MeasuredTrial, view: StudyView): string[] => [
  'the model of its rung before was measured, and stays',
  ...rungLines(earlier),
  madeLine(earlier),
  ...missLines(earlier, view),
];

const madeLine = ({ seconds, artefact }: MeasuredTrial): string =>
  `${seconds.toFixed(1)} s${artefact ? `, model ${artefact.sha256.slice(0, 12)}` : ''}`;

const missLines = ({ metrics }: MeasuredTrial, { record }: StudyView): string[] =>
  missedBy(metrics, factsOf(record).goal.constraints).map((constraint) => `misses ${missText(metrics, constraint)}`);

/** Classes that are told of. */
const weakest = 3;

/** What accuracy as a whole hides: the classes that it recognises worst. */
function recallLines({ details }: MeasuredTrial, view: StudyView): string[] {
  const { validation } = (details ?? {}) as RecordedRecall;
  const classes = classesOf(view);
  const each = (validation?.perClass ?? []).map(({ recall }, label) => ({ recall, name: classes[label] ?? `class ${label}` }));
  if (each.length <= weakest) return [];
  const worst = each.sort((a, b) => a.recall - b.recall).slice(0, weakest);
  return [`recall of its weakest classes: ${worst.map(({ name, recall }) => `${name} ${formatPercent(recall)}`).join(', ')}`];
}

/** What a network that decides per image decided, and what that saved. */
function waysLines({ details }: MeasuredTrial): string[] {
  const { ways, latency } = (details ?? {}) as { readonly ways?: WaysRecord; readonly latency?: LatencyResult };
  if (!ways) return [];
  const { images, decisions, macs } = ways;
  const rates = decisions.map(({ name, taken }) => `${name} ${formatPercent(taken)}`);
  const [expected, least, most] = [macs.expected, macs.least, macs.most].map(formatCount);
  const times = latency && [
    `latency: half of the images ${latency.p50Ms.toPrecision(3)} ms, 95 % of them ${latency.p95Ms.toPrecision(3)} ms at most`,
  ];
  return [
    `decided for each of ${images} validation images: ${rates.join(', ')}`,
    `MACs: ${expected} on average, ${least} to ${most}`,
    ...(times ?? []),
  ];
}

/** How far a scheduler has trained it, and why no further. */
function rungLines({ rung, stopped }: MeasuredTrial): string[] {
  if (!rung) return [];
  const trained = `trained for ${Number(rung.epochs.toPrecision(3))} epochs, ${formatPercent(rung.fidelity)} of its training`;
  return [stopped === undefined ? trained : `${trained}; stopped: ${stopped}`];
}

function metricLines(trial: Trial): string[] {
  const { metrics } = measuredTrial(trial) ?? {};
  if (!metrics) return [];
  const width = Math.max(...Object.keys(metrics).map((name) => name.length));
  return Object.entries(metrics).map(([name, value]) => `${name.padEnd(width)}  ${formatMetric(name, value)}`);
}

/** One row per knob; the training recipe has no layer. */
function settingRows({ recipe, techniques }: Plan): Row[] {
  const trained = Object.entries(recipe).map(([knob, value]) => ({ layer: null, technique: 'trial', knob, value }));
  const applied = Object.entries(techniques).flatMap(([technique, sites]) =>
    Object.entries(sites).flatMap(([layer, settings]) =>
      Object.entries(settings).map(([knob, value]) => ({ layer, technique, knob, value })),
    ),
  );
  return [...trained, ...applied];
}

interface Choice {
  readonly site: string;
  readonly technique: string;
  readonly settings: Readonly<Record<string, Value>>;
}

function choices(plan: Plan): string {
  const rows: Choice[] = Object.entries(plan.techniques).flatMap(([technique, sites]) =>
    Object.entries(sites).map(([site, settings]) => ({ site, technique, settings })),
  );
  if (rows.length === 0) return 'The dense network: nothing is compressed.';
  const recipe = Object.entries(plan.recipe).map(([key, value]) => `trial.${key} = ${value}`);
  const sites = table(rows, [
    { title: 'layer', cell: (row) => row.site },
    { title: 'technique', cell: (row) => row.technique },
    {
      title: 'settings',
      cell: (row) =>
        Object.entries(row.settings)
          .map(([knob, value]) => unbroken(`${knob} ${value}`))
          .join(', '),
      wraps: true,
    },
  ]);
  return [...recipe, sites].join('\n');
}
