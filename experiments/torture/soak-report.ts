import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { linePanels } from '../../src/report/lines.ts';
import type { Holdings } from './processes.ts';
import { type Slope, slopeOf } from './slope.ts';

export interface Run {
  readonly date: string;
  readonly machine: string;
  readonly minutes: number;
  readonly workers: number;
}

export interface Sample {
  readonly seconds: number;
  /** Finished so far. */
  readonly trials: number;
  readonly orchestrator: Holdings;
  readonly host: Holdings;
  readonly databaseMb: number;
}

/** Heaps, caches and pools fill at first: what counts is what comes after. */
const warmUpShare = 0.15;

const processes = ['orchestrator', 'host'] as const;
const quantities = ['rssMb', 'anonymousMb', 'descriptors', 'threads'] as const;

/** `path`: of the files, without their endings. */
export function writeReport(path: string, run: Run, samples: readonly Sample[]): void {
  const last = samples.at(-1)!;
  const settled = samples.filter(({ seconds }) => seconds >= warmUpShare * last.seconds);
  const trials = last.trials - settled[0]!.trials;
  const hours = (last.seconds - settled[0]!.seconds) / 3600;
  const rows = processes.flatMap((process) =>
    quantities.map((quantity) => {
      const values = settled.map((sample) => sample[process][quantity]);
      const perHour = slopeOf(settled.map((sample, i) => [sample.seconds / 3600, values[i]!]));
      return {
        process,
        quantity,
        first: values[0]!,
        last: values.at(-1)!,
        least: Math.min(...values),
        most: Math.max(...values),
        perHour,
      };
    }),
  );
  const hosts = new Set(samples.map(({ host }) => host.pid)).size;
  const facts = {
    ...run,
    samples: samples.length,
    hours: last.seconds / 3600,
    trials: last.trials,
    hosts,
    databaseMb: last.databaseMb,
  };
  writeFileSync(`${path}.json`, `${JSON.stringify({ ...facts, settledHours: hours, settledTrials: trials, rows }, null, 2)}\n`);
  writeFileSync(`${path}.svg`, picture(samples));
  writeFileSync(`${path}.md`, markdown({ facts, rows, hours, trials }, basename(path)));
}

interface Findings {
  readonly facts: Run & { samples: number; hours: number; trials: number; hosts: number; databaseMb: number };
  readonly rows: readonly {
    process: string;
    quantity: string;
    first: number;
    last: number;
    least: number;
    most: number;
    perHour: Slope;
  }[];
  readonly hours: number;
  readonly trials: number;
}

function markdown({ facts, rows, hours, trials }: Findings, name: string): string {
  const number = (value: number) => value.toFixed(1);
  const line = ({ process, quantity, first, last, least, most, perHour: { slope, low, high } }: Findings['rows'][number]) => {
    const perTrial = quantity.endsWith('Mb') ? `${((slope * hours * 1e3) / trials).toFixed(2)} kB` : '';
    const range = [first, last, least, most].map(number).join(' | ');
    return `| ${process} | ${quantity} | ${range} | ${slope.toFixed(2)} (${low.toFixed(2)} … ${high.toFixed(2)}) | ${perTrial} |`;
  };
  return `# Soak

${facts.date}, ${facts.machine}. One \`nas search --plain\` of ${number(facts.hours)} h with ${facts.workers} worker(s): ${facts.trials} trials
compressed, exported and measured in ${facts.hosts} trial host(s); the database ends at ${number(facts.databaseMb)} MB. ${facts.samples} samples;
slopes by least squares over the means of 20 stretches after the first ${warmUpShare * 100} % of the time, with their 95 % intervals.

| process | | first | last | least | most | slope per hour | per trial |
|---|---|---|---|---|---|---|---|
${rows.map(line).join('\n')}

![Memory and descriptors over time](${name}.svg)
`;
}

function picture(samples: readonly Sample[]): string {
  const step = Math.max(1, Math.floor(samples.length / 400));
  const shown = samples.filter((_, i) => i % step === 0);
  const line = (process: (typeof processes)[number], quantity: (typeof quantities)[number]) => ({
    name: process,
    points: shown.map((sample) => [sample.seconds / 3600, sample[process][quantity]] as const),
  });
  const panel = (title: string, quantity: (typeof quantities)[number]) => ({
    title,
    lines: processes.map((process) => line(process, quantity)),
  });
  return linePanels(
    [panel('resident memory, MB', 'rssMb'), panel('private memory, MB', 'anonymousMb'), panel('open descriptors', 'descriptors')],
    { title: 'One search for hours: memory and descriptors', x: 'hours', y: '', columns: 3 },
  );
}
