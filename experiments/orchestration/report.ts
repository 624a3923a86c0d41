import type { Timing } from './espalier.ts';

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly rounds: number;
  /** Version; undefined where it did not run. */
  readonly optuna: string | undefined;
  readonly rows: readonly Row[];
}

interface Row extends Timing {
  readonly space: string;
  readonly controller: string;
  readonly trials: number;
  readonly optunaTrialsPerSecond: number | undefined;
}

/** Trials a second that the software must carry. */
const targetOf = (trials: number) => (trials > 1000 ? 1500 : 2000);

export function toMarkdown({ date, machine, rounds, optuna, rows }: Report): string {
  const heading =
    '| space | controller | trials | trials/s | target | ask p50 / p99 / max, ms | resume, s | Optuna on SQLite, trials/s |';
  return `# Orchestration: ask, tell and durable store, with trials that cost nothing

${date}, ${machine}; median of ${rounds} runs, in turns with ${optuna ? `Optuna ${optuna}` : 'nothing else: Optuna was not there'}.
\`numbers\`: ten numbers, what Optuna has too (RandomSampler, NSGAIISampler). \`layers\`: keep, importance and bits for each of
20 layers. SQLite file on the project's disk, look-ahead 8. Resume: reading the log of the finished study and restoring its
controller. Optuna runs 1,000 trials only: it is too slow for 20,000.

${heading}
|${' --- |'.repeat(8)}
${rows.map(lineOf).join('\n')}
`;
}

function lineOf(row: Row): string {
  const { p50, p99, max } = row.ask;
  const ask = [p50, p99, max].map((ms) => ms.toFixed(2)).join(' / ');
  const other = row.optunaTrialsPerSecond?.toFixed(0) ?? '';
  const speed = row.trialsPerSecond.toFixed(0);
  return `| ${row.space} | ${row.controller} | ${row.trials} | ${speed} | ${targetOf(row.trials)} | ${ask} | ${row.resumeSeconds.toFixed(2)} | ${other} |`;
}
