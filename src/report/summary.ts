import { formatDuration, formatMetric, formatPoints, formatRatio, metricFormat } from '../dashboard/format.ts';
import type { Chart, ChartInput } from './charts/chart.ts';
import { isMeasured } from './study/analysis.ts';
import type { TrialRow } from './study/picture.ts';
import { headlineOf, type Suggestion, suggestionsFor } from './study/suggestions.ts';

export interface SummaryOptions {
  /** The charts that were drawn, and where their pictures lie beside the summary. */
  readonly pictures: readonly { readonly chart: Chart; readonly path: string }[];
}

/** Rows of the front's table at most; the rest is counted. */
const mostMembers = 16;
const mostReasons = 5;

/** A study in Markdown, short enough for a pull request: what to ship, the front, the pictures, how to do it again. */
export function markdownSummary(input: ChartInput, { pictures }: SummaryOptions): string {
  const { picture, analysis } = input.study;
  const suggested = suggestionsFor(picture.head, analysis);
  const parts = [
    `# ${picture.head.name}: ${headlineOf(suggested[0]?.trial, analysis.baseline)}`,
    countsLine(input),
    ...pictureOf(pictures, 'front', input),
    ...frontTable(input),
    ...suggestionsList(suggested, input),
    ...failures(picture.rows),
    ...pictures.filter(({ chart }) => chart.name !== 'front').flatMap(({ chart }) => section(chart, pictures, input)),
    facts(input),
  ];
  return `${parts.join('\n\n')}\n`;
}

function countsLine({ study: { picture, analysis } }: ChartInput): string {
  const { head, rows, live } = picture;
  const count = (state: TrialRow['state']) => rows.filter((row) => row.state === state).length;
  const states = (['done', 'paused', 'stopped', 'running', 'failed'] as const).filter((state) => count(state) > 0);
  const counts = states.map((state) => `${count(state)} ${state}`).join(', ') || 'none yet';
  const spent = rows.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);
  const goal = head.goal.objectives.map(({ metric, direction }) => `${direction} ${metricFormat(metric).label}`).join(', ');
  const bounds = head.goal.constraints.map(
    ({ metric, op, bound }) => `${metricFormat(metric).label} ${op === '>=' ? '≥' : '≤'} ${formatMetric(metric, bound)}`,
  );
  const under = bounds.length > 0 ? `, under ${bounds.join(' and ')}` : '';
  const now = live ? ' The search still runs.' : '';
  return `${rows.length} trials (${counts}), ${formatDuration(spent * 1000)} of work; ${analysis.front.length} models on the Pareto front. Searched to ${goal}${under}.${now}`;
}

function frontTable({ study: { picture, analysis } }: ChartInput): string[] {
  const { front, baseline } = analysis;
  if (front.length === 0) return [];
  const names = picture.head.metrics
    .map(({ name }) => name)
    .filter((name) => front.some(({ metrics }) => metrics[name] !== undefined));
  const shown = front.slice(0, mostMembers);
  const against = baseline ? ['points', 'smaller'] : [];
  const row = ({ number, metrics }: TrialRow) => {
    const own = names.map((name) => formatMetric(name, metrics[name]));
    const [accuracy, size] = [baseline?.metrics['accuracy'], baseline?.metrics['size']];
    const compared = baseline
      ? [
          formatPoints((metrics['accuracy'] ?? Number.NaN) - (accuracy ?? Number.NaN)),
          formatRatio((size ?? Number.NaN) / (metrics['size'] ?? Number.NaN)),
        ]
      : [];
    return tableRow([number === 0 ? '0 (dense)' : String(number), ...own, ...compared]);
  };
  const titles = ['trial', ...names.map((name) => metricFormat(name).label), ...against];
  const table = [tableRow(titles), tableRow(titles.map(() => '---:')), ...shown.map(row)].join('\n');
  const rest = front.length - shown.length;
  return ['## The front', rest > 0 ? `${table}\n\nand ${rest} more.` : table];
}

function suggestionsList(suggested: readonly Suggestion[], { study }: ChartInput): string[] {
  if (suggested.length === 0) return [];
  const metrics = study.picture.head.goal.objectives.map(({ metric }) => metric);
  const lines = suggested.map(({ trial, rules }) => {
    const numbers = metrics.map((metric) => formatMetric(metric, trial.metrics[metric])).join(', ');
    return `- **Trial ${trial.number}** (${numbers}): ${rules.map(({ name, summary }) => `${text(summary)} (\`${name}\`)`).join('; ')}`;
  });
  return [
    '## Which one to ship',
    lines.join('\n'),
    `\`\`\`sh\n${study.picture.head.exportCommand} --trial ${suggested[0]!.trial.number} --out model\n\`\`\``,
  ];
}

function failures(rows: readonly TrialRow[]): string[] {
  const reasons = new Map<string, number[]>();
  for (const { number, state, why } of rows)
    if (state === 'failed' && why) reasons.set(why, [...(reasons.get(why) ?? []), number]);
  if (reasons.size === 0) return [];
  const most = [...reasons].sort((a, b) => b[1].length - a[1].length).slice(0, mostReasons);
  const lines = most.map(
    ([why, numbers]) =>
      `- ${numbers.length} × ${text(why)} (trial ${numbers.slice(0, 3).join(', ')}${numbers.length > 3 ? ' …' : ''})`,
  );
  return ['## What failed', lines.join('\n')];
}

const section = (chart: Chart, pictures: SummaryOptions['pictures'], input: ChartInput): string[] => [
  `## ${chart.title}`,
  chart.describe(input),
  ...pictureOf(pictures, chart.name, input),
];

function pictureOf(pictures: SummaryOptions['pictures'], name: string, input: ChartInput): string[] {
  const found = pictures.find(({ chart }) => chart.name === name);
  return found ? [`![${text(found.chart.describe(input))}](${encodeURI(found.path)})`] : [];
}

function facts({ study: { picture } }: ChartInput): string {
  const measured = picture.rows.filter(isMeasured).length;
  const lines = [...picture.head.facts, ['measured trials', String(measured)] as const].map(([label, value]) =>
    tableRow([label, value]),
  );
  return ['## How it was made', [tableRow(['', '']), tableRow(['---', '---']), ...lines].join('\n')].join('\n\n');
}

const tableRow = (cells: readonly string[]): string => `| ${cells.map(text).join(' | ')} |`;

/** Characters that mean something in Markdown, as themselves; a line stays one line. */
const text = (value: string): string => value.replace(/[\\`*_[\]<>|]/g, '\\$&').replaceAll(/\s+/g, ' ');
